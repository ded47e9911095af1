import { parseJson } from '../api/body.js';
import { contentKind, parseMediaType } from '../api/media-type.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { parseQuery, type QueryPair } from './query.js';

/** A request's body as the action will see it. `text` is the JSON of `value`. */
export type DecodedBody =
  | { readonly kind: 'none' }
  /** Its members become arguments. */
  | { readonly kind: 'members'; readonly value: JsonObject; readonly text: string }
  /** It becomes `__ow_body`. */
  | { readonly kind: 'opaque'; readonly value: Json; readonly text: string };

/** What a body without Content-Type counts as. */
export const DEFAULT_TYPE = 'application/octet-stream';

export const NO_BODY: DecodedBody = { kind: 'none' };

const textual = (value: string): DecodedBody => ({ kind: 'opaque', value, text: JSON.stringify(value) });

const base64 = (bytes: Buffer): DecodedBody => {
  const value = bytes.toString('base64');
  return { kind: 'opaque', value, text: `"${value}"` };
};

/** Of equal keys the last counts; a key without value is the empty string. */
export const fieldsOf = (pairs: readonly QueryPair[]): JsonObject =>
  Object.fromEntries(pairs.map(([key, value]) => [key, value ?? '']));

const json = (bytes: Buffer): DecodedBody => {
  const text = bytes.toString('utf8').trim();
  const value = parseJson(text);
  return isObject(value) ? { kind: 'members', value, text } : { kind: 'opaque', value, text };
};

const form = (bytes: Buffer): DecodedBody => {
  const value = fieldsOf(parseQuery(bytes.toString('utf8')));
  return { kind: 'members', value, text: JSON.stringify(value) };
};

/**
 * Decodes by content type (OPENWHISK.md 4.4): JSON and forms give members, text a string, everything else base64. A raw
 * action gets JSON as base64 too, and forms as text. Throws 400 for malformed JSON.
 */
export const decodeBody = (bytes: Buffer, contentType: string | undefined, raw: boolean): DecodedBody => {
  if (bytes.length === 0 && contentType === undefined) return NO_BODY;
  const type = parseMediaType(contentType ?? DEFAULT_TYPE);
  const kind = type ? contentKind(type) : 'binary';
  if (kind === 'json') {
    if (raw) return base64(bytes);
    return bytes.length === 0 ? NO_BODY : json(bytes);
  }
  if (!raw && type?.essence === 'application/x-www-form-urlencoded') return form(bytes);
  return kind === 'text' ? textual(bytes.toString('utf8')) : base64(bytes);
};
