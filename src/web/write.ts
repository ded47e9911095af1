import type { Context } from 'koa';
import type { WebReply } from './reply.js';

/** Sends a reply. Headers that stand several times go out several times; HEAD gets everything but the body. */
export const writeReply = (ctx: Context, reply: WebReply): void => {
  ctx.status = reply.status;
  // An empty string, not null: OpenWhisk answers `Content-Length: 0` and keeps the status.
  ctx.body = reply.body ?? '';
  if (reply.type === undefined) ctx.remove('Content-Type');
  else ctx.set('Content-Type', reply.type);
  if (reply.bare) ctx.remove('X-Request-ID');
  for (const [name, value] of reply.headers) ctx.append(name, value);
  // What was not read of the body stands in the way of the connection's next request.
  if (ctx.req.httpVersionMajor === 1 && !ctx.req.complete) ctx.set('Connection', 'close');
};
