import type { Context as KoaContext } from 'koa';
import type { Identity } from '../invocation/identity.js';

/** What the middlewares leave for handlers. */
export interface RequestState {
  transactionId: string;
  /** Set by the authentication middleware on every authenticated route. */
  identity: Identity;
  /** `X-OW-EXTRA-LOGGING: on`. */
  extraLogging: boolean;
}

export type Context = KoaContext & { state: RequestState; params: Record<string, string> };

/** Answers with JSON text that is already there. */
export const sendJsonText = (ctx: Context, status: number, json: string): void => {
  ctx.status = status;
  ctx.set('Content-Type', 'application/json');
  ctx.body = json;
};

/** Answers with a value as compact JSON; members that are undefined are left out. */
export const sendJson = (ctx: Context, status: number, value: unknown): void =>
  sendJsonText(ctx, status, JSON.stringify(value));
