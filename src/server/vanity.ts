import type { Middleware } from 'koa';
import { rejection } from '../errors.js';
import { http } from '../messages.js';
import { remember } from '../remember.js';
import { parseAddress, WEB_PREFIX } from '../web/address.js';
import type { ReadForwarded } from '../web/forwarded.js';

/** `NAMESPACE.localhost`, which browsers resolve to this machine by themselves. */
const vanity = remember((host): string | undefined => /^([0-9a-z-]+)\.localhost(?::\d+)?$/i.exec(host)?.[1]);

/** What the host itself shows. */
const FRONT_PAGE = 'public/index.html';

/**
 * `http://NAMESPACE.localhost/PACKAGE/ACTION…` is the namespace's web action, `/` its package `public`'s action `index`
 * (OPENWHISK.md 4.7). Such a host has nothing else: its pages share no origin with the API.
 */
export const vanityHosts =
  (forwarded: ReadForwarded): Middleware =>
  (ctx, next) => {
    const namespace = vanity(forwarded.host(ctx.req));
    if (namespace === undefined) return next();
    const below = `${namespace}/${ctx.path === '/' ? FRONT_PAGE : ctx.path.slice(1)}`;
    if (!parseAddress(below)) throw rejection(404, http.noRoute);
    ctx.path = WEB_PREFIX + below;
    return next();
  };
