import type { JsonObject } from '../json.js';
import type { Annotation, Parameter, PrintedAnnotations } from './types.js';

/** The last of equal keys wins and stands where the first stood. */
export const dedupe = <T extends Annotation>(items: readonly T[]): T[] => {
  const byKey = new Map<string, T>();
  for (const item of items) byKey.set(item.key, item);
  return byKey.size === items.length ? [...items] : [...byKey.values()];
};

/** Merge, right wins: the order of OPENWHISK.md 2.2 (package < binding < action). */
export const mergeParameters = (...sets: (readonly Parameter[])[]): Parameter[] => dedupe(sets.flat());

export const printed = (list: readonly Annotation[]): PrintedAnnotations => ({ list, text: JSON.stringify(list) });

/** JavaScript truth of an annotation's value as OpenWhisk's `isTruthy` has it. */
const truthy = (value: unknown): boolean =>
  value !== false && value !== null && value !== 0 && value !== '' && value !== undefined;

export const annotationValue = (annotations: readonly Annotation[], key: string): Annotation['value'] | undefined =>
  annotations.find(a => a.key === key)?.value;

/** `absent` is the answer when there is no such annotation. */
export const isTruthy = (annotations: readonly Annotation[], key: string, absent = false): boolean => {
  const found = annotations.find(a => a.key === key);
  return found ? truthy(found.value) : absent;
};

/** Arguments of /run: everything but `init` parameters. Safe for keys such as `__proto__`. */
export const runArguments = (parameters: readonly Parameter[]): JsonObject =>
  Object.fromEntries(parameters.filter(p => !p.init).map(p => [p.key, p.value]));

/** A value as /init's environment has it (OPENWHISK.md 5.1). */
const environmentText = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

export type Environment = Readonly<Record<string, string>>;

export const environmentOf = (members: readonly (readonly [key: string, value: unknown])[]): Environment =>
  Object.fromEntries(members.map(([key, value]) => [key, environmentText(value)]));

/** Environment of /init: the `init` parameters. */
export const initEnvironment = (parameters: readonly Parameter[]): Environment =>
  environmentOf(parameters.filter(p => p.init).map(p => [p.key, p.value]));

/** Bytes of the parameters as JSON, summed over key and value as OpenWhisk's `Parameters.size` does. */
export const parametersSize = (parameters: readonly Annotation[]): number =>
  parameters.reduce((sum, p) => sum + Buffer.byteLength(p.key) + Buffer.byteLength(JSON.stringify(p.value)), 0);
