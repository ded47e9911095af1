import { rejection } from '../errors.js';
import { isObject, type Json } from '../json.js';
import { http } from '../messages.js';
import { checkerOf, type SchemaError } from '../schema.js';

/** The text for an error: of a missing member, of the value itself, or of the nearest schema around it that has one. */
const detailOf = (error: SchemaError, schema: object): string => {
  const own = error.parentSchema as Record<string, unknown>;
  const missing = (error.params as { missingProperty?: string }).missingProperty;
  const ofMissing = missing && (own['x-missing'] as Record<string, string> | undefined)?.[missing];
  if (ofMissing) return ofMissing;
  let text = own['x-message'] as string | undefined;
  let at: unknown = schema;
  if (text === undefined) {
    for (const key of error.schemaPath.split('/').slice(1)) {
      if (typeof at !== 'object' || at === null) break;
      text = ((at as Record<string, unknown>)['x-message'] as string | undefined) ?? text;
      at = (at as Record<string, unknown>)[decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')];
    }
  }
  return (text ?? `${error.instancePath || 'value'} ${error.message ?? 'is not valid'}`).replace(
    '{json}',
    JSON.stringify(error.data) ?? 'null',
  );
};

/** Drops members that are null (as absent, OPENWHISK.md 2.1), at the top and one level down in `limits`. */
const withoutNulls = (body: Json): Json => {
  if (!isObject(body)) return body;
  const entries = Object.entries(body).filter(([, v]) => v !== null);
  const limits = isObject(body['limits']) ? Object.entries(body['limits']).filter(([, v]) => v !== null) : undefined;
  const out = Object.fromEntries(entries);
  if (limits) out['limits'] = Object.fromEntries(limits);
  return out;
};

/** Checks `body` against `schema` and returns it typed, optional nulls dropped. Throws 400 malformed with upstream's text. */
export const validate = <T>(schema: object, body: Json, keepNull: readonly string[] = []): T => {
  const check = checkerOf(schema);
  const cleaned = withoutNulls(body);
  if (isObject(body) && isObject(cleaned)) for (const key of keepNull) if (body[key] === null) cleaned[key] = null;
  if (check(cleaned)) return cleaned as T;
  throw rejection(400, http.malformed(detailOf(check.errors?.[0] as SchemaError, schema)));
};
