import type { Context as KoaContext } from 'koa';
import { rejection } from '../errors.js';
import type { Identity } from '../invocation/identity.js';
import { http } from '../messages.js';
import { remember } from '../remember.js';
import { accepts } from './accept.js';

/** What the middlewares leave for handlers. */
export interface RequestState {
  transactionId: string;
  /** Set by the authentication middleware on every authenticated route. */
  identity: Identity;
  /** `X-OW-EXTRA-LOGGING: on`. */
  extraLogging: boolean;
}

export type Context = KoaContext & { state: RequestState; params: Record<string, string> };

/** A header of the request by its name in lower case; empty when there is none. Koa's `get` costs several times as much. */
export const header = ({ req }: Pick<KoaContext, 'req'>, name: string): string =>
  (req.headers[name] as string | undefined) ?? '';

/** Path and query of a target of the common form; undefined for others (`http://host/…`, `…#…`), which koa takes apart. */
const split = remember((url): { readonly path: string; readonly query: string } | undefined => {
  if (!/^\/[^#]*$/.test(url)) return undefined;
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
});

/** As koa's `ctx.path`, without taking the same target apart for each request: the text is the same object, too. */
export const pathOf = (ctx: Pick<KoaContext, 'url' | 'path'>): string => split(ctx.url)?.path ?? ctx.path;

/** As koa's `ctx.querystring`; see `pathOf`. */
export const queryOf = (ctx: Pick<KoaContext, 'url' | 'querystring'>): string =>
  split(ctx.url)?.query ?? ctx.querystring;

const JSON_TYPE = 'application/json';

const takesJson = remember(accept => accepts(accept, `${JSON_TYPE}; charset=utf-8`));

/**
 * Answers with JSON text that is already there. A client that takes no JSON is refused only now, when what it asked for is
 * done, and gets errors all the same, as from pekko-http. Throws 406.
 */
export const sendJsonText = (ctx: Context, status: number, json: string): void => {
  if (status < 300 && !takesJson(ctx.req.headers.accept ?? '')) {
    throw rejection(406, http.notAcceptable(JSON_TYPE));
  }
  ctx.status = status;
  ctx.res.setHeader('Content-Type', JSON_TYPE);
  ctx.body = json;
};

/** Answers with a value as compact JSON; members that are undefined are left out. */
export const sendJson = (ctx: Context, status: number, value: unknown): void =>
  sendJsonText(ctx, status, JSON.stringify(value));
