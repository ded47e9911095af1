import { applyActionPut } from '../entities/action.js';
import type { KindTable } from '../entities/exec.js';
import { mergeLimits, type SystemLimits } from '../entities/limits.js';
import type { PackageDoc } from '../entities/types.js';
import type { EntityStore } from '../store/store.js';
import { WEB_PREFIX } from '../web/address.js';

const NAMESPACE = 'whisk.system';
const NAME = 'apimgmt';
/** Where the management actions are (OPENWHISK.md 6.1). */
export const MANAGEMENT_PACKAGE = `${NAMESPACE}/${NAME}`;

const KIND = 'nodejs:default';
const ACTIONS = {
  createApi: 'Create an API',
  getApi: 'Retrieve the specified API configuration (in JSON format)',
  deleteApi: 'Delete an API',
} as const;

export type ManagementName = keyof typeof ACTIONS;

/**
 * What an action of the package runs when it is invoked by name: the web action of its name, as its invoker. That one is
 * answered by the server itself (management-web.ts); `wsk api` and the npm client only use it.
 */
const code = (name: string): string => `async function main(params) {
  const args = Object.fromEntries(Object.entries(params).filter(([key]) => !key.startsWith('__ow_')));
  const reply = await fetch(process.env.__OW_API_HOST + '${WEB_PREFIX}${MANAGEMENT_PACKAGE}/${name}.json', {
    method: 'POST',
    headers: {
      authorization: 'Basic ' + Buffer.from(process.env.__OW_API_KEY).toString('base64'),
      'content-type': 'application/json',
    },
    body: JSON.stringify(args),
  });
  const answer = await reply.json();
  return answer.body ?? answer;
}
`;

export interface ManagementPackage {
  readonly entities: EntityStore;
  readonly kinds: KindTable;
  readonly limits: SystemLimits;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * Puts `/whisk.system/apimgmt` there as OpenWhisk's installation does, unless a package of the name is there or the
 * manifest has no Node.js.
 */
export const provideManagementPackage = ({ entities, kinds, limits, now }: ManagementPackage): void => {
  const path = MANAGEMENT_PACKAGE;
  const kind = kinds.resolveDefault(KIND);
  if (entities.get(path) || kinds.kind(kind) === undefined) return;
  const doc: PackageDoc = {
    type: 'package',
    namespace: NAMESPACE,
    name: NAME,
    version: '0.0.1',
    publish: false,
    annotations: [{ key: 'description', value: 'This package manages the gateway API configuration.' }],
    parameters: [],
    updated: now,
  };
  const actions = Object.entries(ACTIONS).map(([name, description]) => {
    const annotations = [
      { key: 'description', value: description },
      { key: 'web-export', value: true },
      { key: 'final', value: true },
      { key: 'provide-api-key', value: true },
    ];
    const write = {
      namespace: path,
      name,
      body: { annotations },
      parsed: { exec: { kind, binary: false } },
      limits: mergeLimits({}, undefined, limits),
      now,
    };
    return {
      path: `${path}/${name}`,
      rev: undefined,
      doc: applyActionPut(undefined, write),
      code: code(name),
    };
  });
  entities.write([{ path, rev: undefined, doc }, ...actions]);
};
