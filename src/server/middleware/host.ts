import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Middleware } from 'koa';
import { header } from '../../api/context.js';
import { rejection } from '../../errors.js';
import { http } from '../../messages.js';
import { remember } from '../../remember.js';

/** Names by which containers know this machine. */
const CONTAINER_NAMES = ['host.docker.internal', 'host.containers.internal', 'gateway.docker.internal'];

/** The name of `name:port`, `[v6]:port` or a bare name, in lower case; undefined when it is none. */
export const hostName = (host: string): string | undefined => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+))(?::\d*)?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
};

export interface HostOptions {
  /** Where the server listens. */
  readonly host: string;
  /** Further names, separated by commas; `*` allows all. */
  readonly allowed: string | undefined;
}

/**
 * Tells whether a Host header names this server. An attacker's page can make a browser take this server for a name of the
 * attacker's (DNS rebinding), but never for an address: so addresses are all right, and only known names.
 */
export const createHostCheck = ({ host, allowed = '' }: HostOptions): ((header: string) => boolean) => {
  const listed = allowed.split(/[\s,]+/).filter(Boolean);
  if (listed.includes('*')) return () => true;
  const names = new Set([...CONTAINER_NAMES, ...listed, host, hostname()].map(name => name.toLowerCase()));
  return remember(header => {
    const name = hostName(header);
    if (name === undefined) return false;
    return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name);
  });
};

/** Refuses with 403 what was sent to a name that is not this server's. HTTP/1.0 may send no name; browsers always do. */
export const refuseForeignHosts = (options: HostOptions): Middleware => {
  const known = createHostCheck(options);
  return (ctx, next) => {
    const name = header(ctx, 'host') || header(ctx, ':authority');
    if (name !== '' && !known(name)) throw rejection(403, http.untrustedHost(name.slice(0, 256)));
    return next();
  };
};
