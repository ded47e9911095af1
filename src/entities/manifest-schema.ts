import type { FromSchema } from 'json-schema-to-ts';
import { checkerOf, type SchemaError } from '../schema.js';

/** `runtimes.json` as OpenWhisk has it (OPENWHISK.md 10.2). Members it does not know are left alone. */
const image = {
  type: 'object',
  required: ['name'],
  properties: {
    registry: { type: 'string' },
    prefix: { type: 'string' },
    name: { type: 'string', minLength: 1 },
    tag: { type: 'string' },
  },
} as const;

const count = (minimum: number) => ({ type: 'integer', minimum }) as const;

const stemCell = {
  type: 'object',
  required: ['memory'],
  anyOf: [{ required: ['initialCount'] }, { required: ['count'] }],
  properties: {
    initialCount: count(1),
    count: count(1),
    memory: { type: 'string' },
    reactive: {
      type: 'object',
      required: ['minCount', 'maxCount', 'ttl', 'threshold', 'increment'],
      properties: {
        minCount: count(0),
        maxCount: count(1),
        ttl: { type: 'string' },
        threshold: count(1),
        increment: count(1),
      },
    },
  },
} as const;

const runtime = {
  type: 'object',
  required: ['kind', 'image'],
  properties: {
    kind: { type: 'string', minLength: 1 },
    image,
    deprecated: { type: 'boolean' },
    default: { type: 'boolean' },
    attached: { type: 'object' },
    requireMain: { type: 'boolean' },
    sentinelledLogs: { type: 'boolean' },
    stemCells: { type: 'array', items: stemCell },
  },
} as const;

/** A whole runtimes.json. */
export const manifestSchema = {
  type: 'object',
  required: ['runtimes'],
  properties: {
    runtimes: { type: 'object', additionalProperties: { type: 'array', minItems: 1, items: runtime } },
    blackboxes: { type: 'array', items: image },
  },
} as const;

export type RawImage = FromSchema<typeof image>;
export type RawStemCell = FromSchema<typeof stemCell>;
export type RawRuntime = FromSchema<typeof runtime>;
export interface RawManifest {
  readonly runtimes: Readonly<Record<string, readonly RawRuntime[]>>;
  readonly blackboxes?: readonly RawImage[];
}

/** Where a manifest is wrong: a path such as `runtimes.nodejs[0].kind`, and what was expected there. */
export interface ManifestFault {
  readonly path: string;
  readonly expected: string;
  readonly found: unknown;
}

const plain = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

const pathOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map(plain)
    .map((key, i) => (/^\d+$/.test(key) ? `[${key}]` : i === 0 ? key : `.${key}`))
    .join('');

const faultOf = (error: SchemaError): ManifestFault => {
  const schema = error.parentSchema as { type?: string; minimum?: number };
  const missing = (error.params as { missingProperty?: string }).missingProperty;
  if (missing !== undefined) {
    // Of `initialCount` and its older name only the newer is named.
    const name = missing === 'count' ? 'initialCount' : missing;
    return { path: pathOf(`${error.instancePath}/${name}`), expected: 'a value', found: undefined };
  }
  const what: Record<string, string> = {
    object: 'an object',
    array: 'a list',
    string: 'a text',
    boolean: 'true or false',
    integer: schema.minimum === undefined ? 'a whole number' : `a whole number from ${schema.minimum}`,
  };
  const expected = /^min(Length|Items)$/.test(error.keyword)
    ? `${what[schema.type ?? '']} that is not empty`
    : (what[schema.type ?? ''] ?? error.message ?? 'another value');
  return { path: pathOf(error.instancePath), expected, found: error.data };
};

/** The first fault, or undefined when `value` is a `RawManifest` in form. */
export const manifestFault = (value: unknown): ManifestFault | undefined => {
  const fits = checkerOf(manifestSchema);
  return fits(value) ? undefined : faultOf(fits.errors?.[0] as SchemaError);
};
