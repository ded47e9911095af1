import type { CallResult } from './client.js';

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Whether the body begins as a JSON object or array; whether it is one is for the caller to find out. */
const looksLikeResult = (body: Buffer): boolean => {
  let at = 0;
  while (at < body.length && isSpace(body[at]!)) at++;
  return body[at] === 0x7b || body[at] === 0x5b;
};

/** What a call's result means for its container (OPENWHISK.md 3.5): success and application errors keep it. */
export type Verdict = 'done' | 'failed' | 'broken' | 'refused';

const broken = (result: CallResult & { kind: 'connection' }): Verdict => (result.beforeSent ? 'refused' : 'broken');

export const initVerdict = (result: CallResult): Verdict => {
  if (result.kind === 'connection') return broken(result);
  if (result.kind === 'timeout') return 'broken';
  return result.kind === 'response' && result.status === 200 ? 'done' : 'failed';
};

export const runVerdict = (result: CallResult): Verdict => {
  if (result.kind === 'connection') return broken(result);
  if (result.kind === 'timeout') return 'broken';
  if (result.kind === 'noContentLength') return 'failed';
  if (result.status === 503) return 'refused';
  return result.status === 200 && (result.truncated || looksLikeResult(result.body)) ? 'done' : 'failed';
};
