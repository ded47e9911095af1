import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

export type SchemaError = ErrorObject;

/**
 * The one compiler of schemas: of options, manifests and request bodies. All of them are constants of this program, so they
 * are held against the meta-schema by a test (test/schema.test.ts): compiling that one at each start took longer than all
 * of ours. `strictTypes` off: schemas use type unions.
 */
const ajv = new Ajv({
  meta: false,
  validateSchema: false,
  verbose: true,
  strictTypes: false,
  strictRequired: false,
  // Takes a third of the compiling; what is compiled here runs a few times.
  code: { optimize: false },
});
ajv.addVocabulary(['x-message', 'x-missing']);

const compiled = new WeakMap<object, ValidateFunction>();

/**
 * Compiles `schema` when it is first asked for, and keeps it: a schema is a constant, never made for one check. Errors carry
 * their data and the schema around them.
 */
export const checkerOf = (schema: object): ValidateFunction => {
  let check = compiled.get(schema);
  if (check === undefined) {
    check = ajv.compile(schema);
    compiled.set(schema, check);
  }
  return check;
};
