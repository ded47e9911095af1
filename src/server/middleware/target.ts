import type { Context, Middleware } from 'koa';
import { MAX_BODY } from '../../api/body.js';
import { header } from '../../api/context.js';
import { http } from '../../messages.js';
import { remember } from '../../remember.js';
import { WEB_PREFIX } from '../../web/address.js';

/** pekko-http's max-uri-length (OPENWHISK.md 1.1). */
const MAX_URI = 8192;

/** Characters pekko-http refuses in a request target; `%` must be followed by two hex digits. */
const illegal = remember((url): string | undefined => {
  const at = url.search(/[{}[\]"<>^`|\\]|%(?![0-9a-fA-F]{2})|[^\x21-\x7e]/);
  if (at < 0) return undefined;
  return `Invalid input '${url[at]}' at position ${at}`;
});

/** A target as proxies get it (`http://user@host/…`) that cannot be taken apart, e.g. because the user is no text. */
const isUnreadable = (ctx: Pick<Context, 'url' | 'path'>): boolean => {
  if (ctx.url.startsWith('/')) return false;
  try {
    return ctx.path === undefined;
  } catch {
    return true;
  }
};

const isWeb = (url: string): boolean => url.startsWith(WEB_PREFIX);

/** What is refused as plain text before any routing: no id, no CORS, credentials not looked at (OPENWHISK.md 1.1). */
export const refuseBadTargets: Middleware = (ctx, next) => {
  const refuse = (status: number, text: string): void => {
    ctx.status = status;
    if (ctx.req.httpVersionMajor === 1) ctx.set('Connection', 'close');
    ctx.type = 'text/plain; charset=UTF-8';
    ctx.body = text;
  };
  if (ctx.url.length > MAX_URI)
    return Promise.resolve(refuse(414, isWeb(ctx.url) ? http.webUriTooLong : http.uriTooLong));
  const bad = illegal(ctx.url);
  if (bad !== undefined) return Promise.resolve(refuse(400, http.illegalTarget(bad)));
  if (isUnreadable(ctx)) return Promise.resolve(refuse(400, http.illegalTarget(http.unreadableTarget)));
  if (Number(header(ctx, 'content-length')) > MAX_BODY) return Promise.resolve(refuse(400, http.bodyTooLarge));
  return next();
};
