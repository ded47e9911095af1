import type { Middleware } from 'koa';
import type { Context } from '../../api/context.js';
import { errorText, HttpError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { defaultText, entity as text } from '../../messages.js';
import { CorruptDocument, StoreUnavailable } from '../../store/store.js';
import { CORS_HEADERS } from './cors.js';

/** What a thrown thing means on the wire; anything unknown is a 500 that says nothing of its cause. */
const toHttpError = (error: unknown): HttpError => {
  if (error instanceof HttpError) return error;
  if (error instanceof StoreUnavailable) {
    return new HttpError(503, text.storeUnavailable(error.message), { cause: error });
  }
  if (error instanceof CorruptDocument) return new HttpError(500, text.corrupt, { cause: error });
  return new HttpError(500, defaultText[500] as string, { cause: error });
};

/** Turns whatever a handler throws into `{"error","code"}` (OPENWHISK.md 1.2). */
export const errorReplies =
  (log: Logger): Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      const error = toHttpError(thrown);
      const { transactionId } = (ctx as unknown as Context).state;
      // 503 is no fault of the server's own: whoever knows the cause logs it once.
      if (error.status >= 500 && error.status !== 503) {
        log.error({ err: thrown, transactionId, method: ctx.method, path: ctx.path }, errorText(thrown));
      }
      ctx.status = error.status;
      for (const name of Object.keys(CORS_HEADERS)) if (error.rejection) ctx.remove(name);
      ctx.set(error.headers);
      ctx.set('Content-Type', 'application/json');
      ctx.body = JSON.stringify({ error: error.message, code: transactionId });
      // A request whose body was not read to its end cannot be followed by another on the same connection.
      if (ctx.req.httpVersionMajor === 1 && !ctx.req.complete) ctx.set('Connection', 'close');
    }
  };
