import type { Middleware } from 'koa';
import type { Context } from '../api/context.js';
import { HttpError } from '../errors.js';
import type { Identity } from '../invocation/identity.js';
import { web as text } from '../messages.js';
import { parseAddress, WEB_PREFIX } from './address.js';
import { webRequest } from './request.js';
import { type RunWeb, webError } from './run.js';
import { writeReply } from './write.js';

const METHODS = new Set(['GET', 'DELETE', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'PATCH']);

/** Looks an Authorization header up; undefined for whatever is not valid. */
export type FindCaller = (authorization: string) => Identity | undefined;

/** A web action answers once, with a whole body: OpenWhisk's contract has no WebSockets. */
export const wantsWebSocket = (ctx: Context): boolean =>
  ctx
    .get('upgrade')
    .split(',')
    .some(protocol => protocol.trim().toLowerCase() === 'websocket');

/** Answers `/api/v1/web/…`; what is no web action's URL is left to the routes that follow. */
export const webActions =
  (run: RunWeb, caller: FindCaller): Middleware =>
  async (koa, next) => {
    const ctx = koa as unknown as Context;
    if (!ctx.path.startsWith(WEB_PREFIX) || !METHODS.has(ctx.method)) return next();
    const address = parseAddress(ctx.path.slice(WEB_PREFIX.length));
    if (!address) return next();
    if (wantsWebSocket(ctx)) {
      writeReply(ctx, webError(new HttpError(400, text.noWebSockets), ctx.state.transactionId, []));
      return;
    }
    writeReply(ctx, await run({ ...webRequest(ctx, caller), address }));
  };
