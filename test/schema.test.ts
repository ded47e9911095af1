import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { optionSchemas } from '../src/config/load.js';
import { manifestSchema } from '../src/entities/manifest-schema.js';
import * as entitySchemas from '../src/entities/schemas.js';
import { checkerOf } from '../src/schema.js';

const { codeExec, ...constants } = entitySchemas;
const all: [string, object][] = [
  ...Object.entries<object>(constants),
  ['codeExec', codeExec('java:17', true)],
  ['manifest', manifestSchema],
  ...Object.entries(optionSchemas).map(([name, schema]): [string, object] => [`--${name}`, schema]),
];

// The program itself compiles them without the meta-schema.
describe('schemas', () => {
  const strict = new Ajv({ strictTypes: false, strictRequired: false });
  strict.addVocabulary(['x-message', 'x-missing']);

  it.each(all)('%s fits the meta-schema', (_name, schema) => {
    expect(strict.validateSchema(schema), JSON.stringify(strict.errors)).toBe(true);
    expect(typeof checkerOf(schema)).toBe('function');
  });

  it('are compiled once for each kind', () => {
    expect(codeExec('nodejs:20', false)).toBe(codeExec('nodejs:20', false));
    expect(codeExec('java:17', false)).not.toBe(codeExec('java:17', true));
    expect(checkerOf(codeExec('nodejs:20', false))).toBe(checkerOf(codeExec('nodejs:20', false)));
  });
});
