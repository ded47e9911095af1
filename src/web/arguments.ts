import { HttpError } from '../errors.js';
import type { Payload } from '../invocation/arguments.js';
import type { JsonObject } from '../json.js';
import { action as text } from '../messages.js';
import { type DecodedBody, fieldsOf } from './body.js';
import { encodeQuery, type QueryPair } from './query.js';

/** Names of the HTTP context in an action's arguments; callers may not send them. */
const RESERVED: ReadonlySet<string> = new Set([
  '__ow_method',
  '__ow_headers',
  '__ow_path',
  '__ow_user',
  '__ow_query',
  '__ow_body',
]);

/** What every web action is told about the request. */
export interface HttpContext {
  /** Lower case. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  /** The namespace of an authenticated caller. */
  readonly user: string | undefined;
}

const metadata = ({ method, headers, path, user }: HttpContext): JsonObject => ({
  __ow_method: method,
  __ow_headers: { ...headers },
  __ow_path: path,
  ...(user !== undefined && { __ow_user: user }),
});

/** `{members of head}` and `{members of body}` as one object's text; the body's text is taken over as it is. */
const joined = (head: JsonObject, body: string, bodyIsEmpty: boolean): string => {
  const opening = JSON.stringify(head).slice(0, -1);
  return bodyIsEmpty ? `${opening}}` : `${opening},${body.slice(body.indexOf('{') + 1)}`;
};

/** Arguments of a raw action: the request uninterpreted. */
export const rawArguments = (context: HttpContext, query: readonly QueryPair[], body: DecodedBody): Payload => {
  const head = { ...metadata(context), __ow_query: encodeQuery(query) };
  const given = body.kind === 'none' ? { value: '', text: '""' } : body;
  return {
    value: { ...head, __ow_body: given.value },
    text: `${JSON.stringify(head).slice(0, -1)},"__ow_body":${given.text}}`,
  };
};

/**
 * Arguments of an ordinary action: query parameters, overridden by the body's members, and the context. `locked` are the
 * action's final parameters. Throws 400 when the request names one of them or a reserved name.
 */
export const mergedArguments = (
  context: HttpContext,
  query: readonly QueryPair[],
  body: DecodedBody,
  locked: ReadonlySet<string>,
): Payload => {
  const fields = fieldsOf(query);
  const members = body.kind === 'members' ? body.value : {};
  const keys = Object.keys(members);
  for (const key of [...Object.keys(fields), ...keys]) {
    if (RESERVED.has(key) || locked.has(key)) throw new HttpError(400, text.reservedProperties);
  }
  for (const key of keys) delete fields[key];
  const head = { ...fields, ...metadata(context) };
  if (body.kind === 'opaque') {
    return {
      value: { ...head, __ow_body: body.value },
      text: `${JSON.stringify(head).slice(0, -1)},"__ow_body":${body.text}}`,
    };
  }
  if (body.kind === 'none') return { value: head, text: JSON.stringify(head) };
  return { value: { ...head, ...members }, text: joined(head, body.text, keys.length === 0) };
};
