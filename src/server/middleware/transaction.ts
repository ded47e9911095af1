import type { Middleware } from 'koa';
import { header, type RequestState } from '../../api/context.js';
import { transactionId } from '../../ids.js';

/** Longest client-sent id that is taken over; anything printable is allowed. */
const USABLE = /^[\x20-\x7e]{1,256}$/;

/** Every request gets an id, the client's own if it sent one; ids that begin `sid_` are the system's (OPENWHISK.md 1.1). */
export const transactions: Middleware = (ctx, next) => {
  const sent = header(ctx, 'x-request-id');
  const id = sent !== '' && USABLE.test(sent) && !sent.startsWith('sid_') ? sent : transactionId();
  const state = ctx.state as RequestState;
  state.transactionId = id;
  state.extraLogging = header(ctx, 'x-ow-extra-logging').toLowerCase() === 'on';
  ctx.res.setHeader('X-Request-ID', id);
  return next();
};
