import type { FromSchema } from 'json-schema-to-ts';
import { action, http, names, pkg, entity as text } from '../messages.js';

/**
 * JSON schemas of request bodies: they validate (entities/validate.ts), give the TypeScript types, and are served as
 * part of `/api/v1/api-docs`. `x-message` is upstream's text when the value does not fit; `x-missing` when a required
 * member is absent. `{json}` in a text stands for the offending value as JSON.
 */
const keyValue = {
  type: 'object',
  required: ['key', 'value'],
  properties: {
    key: { type: 'string', description: 'Name' },
    value: { description: 'Any JSON' },
  },
} as const;

export const annotations = {
  type: 'array',
  items: keyValue,
  description: 'Key-value pairs; of equal keys the last counts',
  'x-message': text.parametersMalformed,
} as const;

export const parameters = {
  type: 'array',
  items: {
    ...keyValue,
    properties: {
      ...keyValue.properties,
      init: { type: 'boolean', description: 'Delivered as environment of /init, not as an argument' },
      encryption: {
        type: ['string', 'null'],
        description: 'Set by the server on values stored encrypted; kept when they come back as they are',
      },
    },
  },
  'x-message': text.parametersMalformed,
} as const;

const version = { type: 'string', description: 'Semantic version x.y.z', 'x-message': text.versionMalformed } as const;
const publish = { type: 'boolean', 'x-message': text.expectedBoolean('{json}') } as const;

const limit = (what: string, unit: string) =>
  ({ type: 'number', description: unit, 'x-message': `${what} malformed` }) as const;

export const actionLimits = {
  type: 'object',
  properties: {
    timeout: limit('time limit', 'ms'),
    memory: limit('memory limit', 'MB'),
    logs: limit('log limit', 'MB'),
    concurrency: limit('concurrency limit', 'activations a container works on at once'),
    instances: limit('instance concurrency limit', 'containers at once'),
  },
  'x-message': http.objectExpectedInField('timeout'),
} as const;

const exec = { type: 'object', 'x-message': http.objectExpected } as const;

/** What the body of any PUT is read for, also of entities that keep neither parameters nor exec. */
const common = { version, publish, annotations, parameters, exec } as const;

const codeExecOf = (kind: string, requireMain: boolean) =>
  ({
    type: 'object',
    required: requireMain ? ['code', 'main'] : ['code'],
    properties: {
      code: { type: 'string', 'x-message': action.codeMalformed('{json}') },
      main: { type: 'string', 'x-message': requireMain ? action.mainMissing(kind) : action.mainMalformed(kind) },
    },
    'x-missing': { code: action.codeMissing(kind), main: action.mainMissing(kind) },
  }) as const;

const codeExecs = new Map<string, ReturnType<typeof codeExecOf>>();

/**
 * `exec` of an action in a container, checked after its kind is known. The same object for the same kind: it is compiled
 * once.
 */
export const codeExec = (kind: string, requireMain: boolean): ReturnType<typeof codeExecOf> => {
  const key = `${kind} ${requireMain}`;
  let schema = codeExecs.get(key);
  if (schema === undefined) {
    schema = codeExecOf(kind, requireMain);
    codeExecs.set(key, schema);
  }
  return schema;
};

export const blackboxExec = {
  type: 'object',
  required: ['image'],
  properties: {
    image: { type: 'string', 'x-message': action.imageMissing },
    code: { type: 'string', 'x-message': action.codeMalformed('{json}') },
    main: { type: 'string', 'x-message': action.mainMalformed('blackbox') },
  },
  'x-missing': { image: action.imageMissing },
} as const;

export const sequenceExec = {
  type: 'object',
  required: ['components'],
  properties: { components: { type: 'array', items: {}, 'x-message': action.componentsNotArray } },
  'x-missing': { components: action.componentsMissing },
} as const;

export const actionPut = {
  type: 'object',
  properties: {
    ...common,
    exec: {
      ...exec,
      description: 'kind, code and main; or image (blackbox); or components (sequence)',
      required: ['kind'],
      properties: { kind: { type: 'string', 'x-message': action.kindMissing } },
      'x-missing': { kind: action.kindMissing },
    },
    limits: actionLimits,
    delAnnotations: { type: 'array', items: { type: 'string' }, 'x-message': text.parametersMalformed },
  },
  'x-message': http.objectExpectedInField('exec'),
} as const;

export const triggerPut = {
  type: 'object',
  properties: { limits: { type: 'object', 'x-message': http.objectExpected }, ...common },
  'x-message': http.objectExpectedInField('exec'),
} as const;

const reference = {
  description: '"/ns/[pkg/]name" or {"path","name"}',
  type: ['string', 'object'],
  'x-message': names.malformedFqn,
} as const;

export const rulePut = {
  type: 'object',
  properties: { trigger: reference, action: reference, ...common },
  'x-message': http.objectExpectedInField('exec'),
} as const;

export const ruleStatus = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', description: 'active or inactive' } },
  'x-message': http.objectExpected,
  'x-missing': { status: 'key not found: status' },
} as const;

export const packagePut = {
  type: 'object',
  properties: {
    binding: {
      type: 'object',
      properties: {
        namespace: { type: 'string', 'x-message': names.malformedName },
        name: { type: 'string', 'x-message': names.malformedName },
      },
      dependencies: { namespace: ['name'], name: ['namespace'] },
      'x-message': http.objectExpectedInField('namespace'),
      'x-missing': { name: pkg.missingMember('name'), namespace: pkg.missingMember('namespace') },
    },
    ...common,
  },
  'x-message': http.objectExpectedInField('exec'),
} as const;

/** Body of an invocation or a trigger's fire. */
export const payload = { type: 'object', 'x-message': http.objectExpected } as const;

/** What the bodies of all PUTs may have. */
export type CommonPut = FromSchema<{ readonly type: 'object'; readonly properties: typeof common }>;
export type ActionPut = FromSchema<typeof actionPut>;
export type TriggerPut = FromSchema<typeof triggerPut>;
export type RulePut = FromSchema<typeof rulePut>;
export type PackagePut = FromSchema<typeof packagePut>;
export type RuleStatusBody = FromSchema<typeof ruleStatus>;
