import { HttpError, rejection } from '../errors.js';
import { emptyPayload, type Payload } from '../invocation/arguments.js';
import { checkRight } from '../invocation/entitlement.js';
import type { Finished } from '../invocation/invocation.js';
import { activationJson } from '../invocation/record.js';
import { finishedWithin } from '../invocation/wait.js';
import { isObject } from '../json.js';
import { http, entity as text } from '../messages.js';
import { contentLength, optionalJson, readBody } from './body.js';
import { type Context, sendJsonText } from './context.js';
import type { ApiParts } from './parts.js';
import { booleanQuery, waitQuery } from './query.js';

const ACTIVATION_HEADER = 'x-openwhisk-activation-id';

/** Throws 413. */
export const checkPayloadSize = (bytes: number, max: number): void => {
  if (bytes > max) throw new HttpError(413, text.requestTooLarge(bytes, max));
};

/** The body of an invocation or a fire: an object, or nothing. Throws 400, 413, 415. */
export const readPayload = async (ctx: Context, max: number): Promise<Payload> => {
  const body = optionalJson(ctx, await readBody(ctx.req));
  if (!body) return emptyPayload;
  // A body without Content-Length is only now known to be too large.
  checkPayloadSize(Buffer.byteLength(body.text), max);
  if (!isObject(body.value)) throw rejection(400, http.malformed(http.objectExpected));
  return body;
};

/** Refuses by Content-Length, before anything is looked up. Throws 413. */
export const checkPayloadLength = (ctx: Context, max: number): void => checkPayloadSize(contentLength(ctx), max);

/** Answers 202 with the id. */
export const sendAccepted = (ctx: Context, id: string): void => {
  sendJsonText(ctx, 202, `{"activationId":"${id}"}`);
  ctx.res.setHeader(ACTIVATION_HEADER, id);
};

const STATUS = [200, 502, 502, 500] as const;

/** The end of a blocking call: an array result goes bare, `result=true` wants the result alone (OPENWHISK.md 3.1). */
const sendFinished = (ctx: Context, { activation, response }: Finished, resultOnly: boolean): void => {
  const result = response.result;
  const json = Array.isArray(result?.value)
    ? result.text
    : resultOnly
      ? (result?.text ?? '{}')
      : activationJson(activation);
  sendJsonText(ctx, STATUS[response.statusCode], json);
  ctx.res.setHeader(ACTIVATION_HEADER, activation.activationId);
};

/** POST of an action: throttle, size, entitlement, body, existence, in this order (OPENWHISK.md 8.4). */
export const invokeAction = async (parts: ApiParts, ctx: Context, path: string): Promise<void> => {
  const { identity, transactionId, extraLogging } = ctx.state;
  parts.throttles.invocation(identity);
  checkPayloadLength(ctx, identity.limits.payload);
  checkRight(parts.store.entities, identity, 'ACTIVATE', path);
  const blocking = booleanQuery(ctx, 'blocking');
  const resultOnly = booleanQuery(ctx, 'result');
  const wait = waitQuery(ctx, parts.limits.blockingWait);
  const payload = await readPayload(ctx, identity.limits.payload);
  const action = parts.resolve(path);
  const call = { invoker: identity, payload, transactionId, alwaysStore: extraLogging };
  parts.launch.check(action, call);
  if (!blocking) {
    const invocation = parts.launch.invocationOf(action, call);
    await parts.launch.accept([invocation]);
    sendAccepted(ctx, invocation.id);
    return;
  }
  const { id, finished } = parts.launch.start(action, call);
  const outcome = await finishedWithin(parts.clock, finished, wait);
  if (outcome) sendFinished(ctx, outcome, resultOnly);
  else {
    await parts.launch.keep(id);
    sendAccepted(ctx, id);
  }
};
