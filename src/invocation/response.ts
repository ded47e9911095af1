import type { StatusCode } from '../entities/types.js';
import { isObject, type Json, nestsTooDeep } from '../json.js';
import { outcome as text } from '../messages.js';
import type { CallResult } from '../pool/client.js';
import { type Payload, payloadOf } from './arguments.js';

/** How an activation answers. `size` is the bytes of the container's reply, absent when there was none. */
export interface Response {
  readonly statusCode: StatusCode;
  readonly result?: Payload;
  readonly size?: number;
}

const withError = (statusCode: StatusCode, error: Json, size?: number): Response => ({
  statusCode,
  result: payloadOf({ error }),
  ...(size !== undefined && { size }),
});

export const success = (result: Payload): Response => ({ statusCode: 0, result });
export const applicationError = (error: Json): Response => withError(1, error);
export const developerError = (error: Json): Response => withError(2, error);
export const whiskError = (error: Json): Response => withError(3, error);

/** Undefined when it is no JSON, or nests deeper than OpenWhisk reads. */
const parse = (body: string): Json | undefined => {
  if (nestsTooDeep(body)) return undefined;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
};

type Reply = Extract<CallResult, { kind: 'response' }>;

interface Bounds {
  /** Bytes that an answer may have, and those that are shown of one that has more. */
  readonly limit: number;
  readonly truncation: number;
  /** In ms. */
  readonly timeout: number;
}

const truncated = (reply: Reply, { limit, truncation }: Bounds): string =>
  text.truncated(reply.length, limit, reply.body.subarray(0, truncation).toString('utf8'));

/** The container's answer to /run (OPENWHISK.md 3.5). */
const interpretRun = (reply: Reply, bounds: Bounds): Response => {
  const size = reply.length;
  if (reply.length > bounds.limit) return withError(1, truncated(reply, bounds), size);
  const body = reply.body.toString('utf8').trim();
  const value = parse(body);
  const ok = reply.status === 200;
  if (isObject(value) && Object.hasOwn(value, 'error')) {
    return withError(ok ? 1 : 2, value['error'] as Json, size);
  }
  if (ok && (isObject(value) || Array.isArray(value))) return { statusCode: 0, result: { text: body, value }, size };
  return withError(2, text.invalidResponse(body), size);
};

/** A failed /init. */
const interpretInit = (reply: Reply, bounds: Bounds): Response => {
  const size = reply.length;
  if (reply.length > bounds.limit) return withError(2, truncated(reply, bounds), size);
  const body = reply.body.toString('utf8').trim();
  const value = parse(body);
  if (isObject(value) && Object.hasOwn(value, 'error')) return withError(2, value['error'] as Json, size);
  return withError(2, text.initFailed(body), size);
};

/** The call that decides what becomes of a run. */
interface Deciding {
  readonly phase: 'init' | 'run';
  readonly result: CallResult;
  readonly outOfMemory: boolean;
}

/** What the deciding call of a run means for the activation. */
export const interpret = ({ phase, result, outOfMemory }: Deciding, bounds: Bounds): Response => {
  const init = phase === 'init';
  if (outOfMemory) return developerError(text.outOfMemory);
  switch (result.kind) {
    case 'response':
      return init ? interpretInit(result, bounds) : interpretRun(result, bounds);
    case 'timeout':
      return developerError(text.timeout(bounds.timeout, init));
    default:
      return developerError(init ? text.initAbnormal : text.runAbnormal);
  }
};
