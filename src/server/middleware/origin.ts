import type { Middleware } from 'koa';
import { pathOf } from '../../api/context.js';
import { rejection } from '../../errors.js';
import { http } from '../../messages.js';

/** The REST API takes nothing without credentials, web actions and APIs are meant for any page. */
const isApi = (path: string): boolean => path === '/api' || path.startsWith('/api/');

/**
 * Refuses with 403 what a page of another origin sends without the caller's own credentials to a route of the server's own
 * (everything outside `/api`), unless its origin is allowed. OpenWhisk's API itself answers any origin (OPENWHISK.md 1.5):
 * there a page can do nothing without a key, and a browser never adds one by itself. `allowed`: origins separated by
 * commas; `*` allows all.
 */
export const refuseForeignOrigins = (allowed = ''): Middleware => {
  const origins = new Set(allowed.split(/[\s,]+/).filter(Boolean));
  return (ctx, next) => {
    if (isApi(pathOf(ctx)) || ctx.get('authorization') !== '') return next();
    const origin = ctx.get('origin');
    if (origin === '') {
      // An image or a form of another page sends no Origin with GET; following a link to here is fine.
      const foreign = ctx.get('sec-fetch-site') === 'cross-site' && ctx.get('sec-fetch-mode') !== 'navigate';
      if (foreign && !origins.has('*')) throw rejection(403, http.untrustedOrigin('another site'));
      return next();
    }
    const own =
      origin === `http://${ctx.get('host')}` || origin === `https://${ctx.get('host') || ctx.get(':authority')}`;
    if (own) return next();
    if (!origins.has('*') && !origins.has(origin)) throw rejection(403, http.untrustedOrigin(origin.slice(0, 256)));
    ctx.set('Access-Control-Allow-Origin', origin);
    ctx.vary('Origin');
    return next();
  };
};
