import { HttpError } from '../errors.js';
import { action as text } from '../messages.js';
import type { ParsedExec } from './exec.js';
import { dedupe } from './parameters.js';
import type { ActionPut } from './schemas.js';
import type { ActionDoc, ActionLimits, Annotation, Exec, Parameter } from './types.js';
import { nextVersion } from './version.js';

/**
 * The stored form of body parameters: last of equal keys wins, `init` only when true. Encrypted is only what is `stored` so
 * and came back as it was shown. Upstream believes any mark: then whoever reads a shared package's encrypted value may
 * give it to an action of their own that shows it in clear, and what was never encrypted ends each run.
 */
export const storedParameters = (
  given: ActionPut['parameters'] = [],
  stored: readonly Parameter[] = [],
): Parameter[] => {
  const locked = new Map(stored.filter(p => p.encryption !== undefined).map(p => [p.key, p]));
  const isBack = (key: string, value: unknown, encryption: unknown): boolean => {
    const known = locked.get(key);
    return known !== undefined && known.value === value && known.encryption === encryption;
  };
  return dedupe(
    given.map(({ key, value, init, encryption }) => ({
      key,
      value: value as Parameter['value'],
      ...(init === true && { init: true as const }),
      ...(isBack(key, value, encryption) && { encryption: encryption as string }),
    })),
  );
};

export const storedAnnotations = (given: ActionPut['annotations'] = []): Annotation[] =>
  dedupe(given.map(a => ({ key: a.key, value: a.value as Annotation['value'] })));

const withExec = (annotations: readonly Annotation[], exec: Exec): Annotation[] =>
  dedupe([...annotations, { key: 'exec', value: exec.kind }]);

/** A new action's: the body's first, then `provide-api-key` unless the body has it. OpenWhisk's tests compare the array. */
const createdAnnotations = (body: ActionPut, exec: Exec): Annotation[] => {
  const given = storedAnnotations(body.annotations);
  const keyed = given.some(a => a.key === 'provide-api-key');
  return withExec(keyed ? given : [...given, { key: 'provide-api-key', value: false }], exec);
};

/** A sequence's parameters mirror its components; whatever the client sent is dropped (OPENWHISK.md 2.3). */
const sequenceParameters = (components: readonly string[]): Parameter[] => [
  { key: '_actions', value: [...components] },
];

export interface ActionWrite {
  readonly namespace: string;
  readonly name: string;
  readonly body: ActionPut;
  readonly parsed: ParsedExec | undefined;
  readonly limits: ActionLimits;
  readonly now: number;
}

const createAction = ({ namespace, name, body, parsed, limits, now }: ActionWrite): ActionDoc => {
  if (!parsed) throw new HttpError(400, text.execUndefined);
  const { exec } = parsed;
  return {
    type: 'action',
    namespace,
    name,
    version: nextVersion(body.version, undefined),
    publish: body.publish ?? false,
    exec,
    parameters: 'components' in exec ? sequenceParameters(exec.components) : storedParameters(body.parameters),
    limits,
    annotations: createdAnnotations(body, exec),
    updated: now,
  };
};

const updatedParameters = (
  stored: ActionDoc,
  body: ActionPut,
  parsed: ParsedExec | undefined,
): readonly Parameter[] => {
  const wasSequence = 'components' in stored.exec;
  if (parsed && 'components' in parsed.exec) return sequenceParameters(parsed.exec.components);
  if (!parsed && wasSequence) return stored.parameters;
  if (body.parameters) return storedParameters(body.parameters, stored.parameters);
  return wasSequence ? [] : stored.parameters;
};

/**
 * Annotations merge, `delAnnotations` first (a PUT that gives a sequence ignores them); `exec` is reset, `provide-api-key`
 * is not added again.
 */
const updatedAnnotations = (stored: ActionDoc, body: ActionPut, exec: Exec): Annotation[] => {
  const dropped = new Set(body.exec && 'components' in exec ? [] : (body.delAnnotations ?? []));
  const kept = stored.annotations.filter(a => !dropped.has(a.key));
  return withExec(dedupe([...kept, ...storedAnnotations(body.annotations)]), exec);
};

/** The action after a PUT: a new one, or the stored one with the body merged over it. Throws 400. */
export const applyActionPut = (stored: ActionDoc | undefined, write: ActionWrite): ActionDoc => {
  if (!stored) return createAction(write);
  const { body, parsed } = write;
  const exec = parsed?.exec ?? stored.exec;
  return {
    ...stored,
    version: nextVersion(body.version, stored),
    publish: body.publish ?? stored.publish,
    exec,
    parameters: updatedParameters(stored, body, parsed),
    limits: write.limits,
    annotations: updatedAnnotations(stored, body, exec),
    updated: write.now,
  };
};
