import { actionLimits, packagePut } from '../entities/schemas.js';

/**
 * What the API answers with, under the names OpenWhisk's own document has: its tests look for them. What validates requests
 * is shown with the operations themselves.
 */
const ref = (name: string): object => ({ $ref: `#/definitions/${name}` });
const list = (name: string): object => ({ type: 'array', items: ref(name) });

const STRING = { type: 'string' };
const COUNT = { type: 'integer' };
const FLAG = { type: 'boolean' };

const COMMON_NAMES = ['namespace', 'name', 'version', 'publish'];
const common = {
  namespace: STRING,
  name: STRING,
  version: { ...STRING, description: 'Semantic version x.y.z' },
  publish: FLAG,
  annotations: list('KeyValue'),
  updated: { ...COUNT, description: 'Epoch ms' },
};
const entity = (members: object, required: readonly string[] = []): object => ({
  type: 'object',
  required: [...COMMON_NAMES, ...required],
  properties: { ...common, ...members },
});

const parameters = list('KeyValue');
const path = { type: 'object', required: ['path', 'name'], properties: { path: STRING, name: STRING } };

/** `visible` makes a schema of ours one of Swagger 2.0's. */
export const definitions = (visible: (schema: unknown) => unknown): Record<string, object> => ({
  Error: {
    type: 'object',
    required: ['error', 'code'],
    properties: { error: STRING, code: { ...STRING, description: 'Transaction id' } },
  },
  KeyValue: { required: ['key', 'value'], properties: { key: STRING, value: {}, init: FLAG, encryption: STRING } },
  ActionLimits: visible(actionLimits) as object,
  ActionExec: {
    type: 'object',
    required: ['kind'],
    properties: {
      kind: STRING,
      code: STRING,
      binary: FLAG,
      main: STRING,
      image: STRING,
      components: { type: 'array', items: STRING },
    },
  },
  ActionExecMeta: { type: 'object', properties: { binary: FLAG } },
  Action: entity({ exec: ref('ActionExec'), parameters, limits: ref('ActionLimits') }, ['exec', 'limits']),
  ActionMeta: entity({ exec: ref('ActionExecMeta'), limits: ref('ActionLimits') }),
  ActionList: list('ActionMeta'),
  Trigger: entity({ parameters, limits: { type: 'object' }, rules: { type: 'object' } }),
  TriggerMeta: entity({}),
  TriggerList: list('TriggerMeta'),
  Rule: entity({ status: { ...STRING, enum: ['active', 'inactive'] }, trigger: path, action: path }),
  RuleMeta: entity({ trigger: path, action: path }),
  RuleList: list('RuleMeta'),
  Package: entity({
    parameters,
    binding: visible(packagePut.properties.binding),
    actions: { type: 'array', items: { type: 'object' } },
    feeds: { type: 'array', items: { type: 'object' } },
  }),
  Activation: entity({
    subject: STRING,
    activationId: STRING,
    cause: STRING,
    start: COUNT,
    end: COUNT,
    duration: COUNT,
    response: ref('ActivationResponse'),
    logs: { type: 'array', items: STRING },
  }),
  ActivationResponse: {
    type: 'object',
    required: ['status', 'success'],
    properties: { status: STRING, success: FLAG, result: {}, size: COUNT },
  },
});
