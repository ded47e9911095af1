import { errorText } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { canonical, type Entity, inOrder, mapStrings, type Project } from './entity.js';
import type { OpenWhisk } from './openwhisk.js';

export interface Snapshot {
  readonly project: Project;
  /** What could not be read, in words for the user. */
  readonly warnings: readonly string[];
}

/** Annotations that the server writes: what they say follows from the rest. */
const SERVERS_OWN = new Set(['exec', 'binding']);
/** Calls at once. */
const PARALLEL = 8;

type Pair = { readonly key: string; readonly value: Json; readonly init?: true };

const pairs = (value: Json | undefined): Pair[] => (Array.isArray(value) ? (value as unknown as Pair[]) : []);

const sorted = (list: readonly Pair[]): Json =>
  [...list]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value, init }) => ({ key, value, ...(init === true && { init }) }));

const common = (raw: JsonObject): JsonObject => ({
  publish: raw['publish'] === true,
  annotations: sorted(pairs(raw['annotations']).filter(({ key }) => !SERVERS_OWN.has(key))),
  ...(raw['parameters'] !== undefined && { parameters: sorted(pairs(raw['parameters'])) }),
});

const all = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += PARALLEL)
    results.push(...(await Promise.all(items.slice(at, at + PARALLEL).map(work))));
  return results;
};

/** `{path:'ns/pkg', name}` or `/ns/pkg/name` as a name whose own namespace is `_`. */
const reference = (value: Json | undefined, namespace: string): string => {
  const text = isObject(value) ? `/${String(value['path'])}/${String(value['name'])}` : String(value);
  const [root, ...rest] = text.replace(/^\//, '').split('/');
  return `/${[root === namespace ? '_' : root, ...rest].join('/')}`;
};

/** The same reference where `_` is `namespace`. */
export const inNamespace = (text: string, namespace: string): string => text.replace(/^\/_\//, `/${namespace}/`);

const BACKEND = '_:/api/v1/web/_/';

/** An API's document names its server and namespace in the addresses of its actions. */
export const portable = (document: JsonObject, namespace: string): JsonObject => {
  const prefix = new RegExp(`^https?://[^/]+/api/v1/web/(${namespace.replaceAll(/[^\w]/g, '\\$&')}|_)/`);
  const moved = mapStrings(document, text => text.replace(prefix, BACKEND)) as JsonObject;
  return withNamespace(moved, from => (from === namespace ? '_' : from));
};

export const localized = (document: JsonObject, { origin, namespace }: OpenWhisk): JsonObject => {
  const moved = mapStrings(document, text =>
    text.startsWith(BACKEND) ? `${origin}/api/v1/web/${namespace}/${text.slice(BACKEND.length)}` : text,
  ) as JsonObject;
  return withNamespace(moved, from => (from === '_' ? namespace : from));
};

const withNamespace = (value: JsonObject, change: (namespace: string) => string): JsonObject =>
  JSON.parse(
    JSON.stringify(value, (key, part: Json) =>
      key === 'x-openwhisk' && isObject(part) && typeof part['namespace'] === 'string'
        ? { ...part, namespace: change(part['namespace']) }
        : part,
    ),
  ) as JsonObject;

/**
 * Actions of packages, and bindings, are shown with what they inherit. Only what differs from that can be their own; what
 * does not comes back with what is inherited.
 */
const own = (raw: JsonObject, inherited: Json | undefined): Json => {
  const known = new Set(pairs(inherited).map(({ key, value }) => canonical([key, value])));
  return sorted(pairs(raw['parameters']).filter(({ key, value }) => !known.has(canonical([key, value]))));
};

const readAction = async (
  whisk: OpenWhisk,
  name: string,
  packages: ReadonlyMap<string, Json | undefined>,
): Promise<Entity> => {
  const raw = await whisk.get(`actions/${name}?code=true`);
  const { binary: _binary, components, ...exec } = raw['exec'] as JsonObject;
  const parts = Array.isArray(components) ? components.map(one => reference(one, whisk.namespace)) : undefined;
  const limits = isObject(raw['limits']) ? raw['limits'] : {};
  const body = {
    exec: { ...exec, ...(parts && { components: parts }) },
    limits,
    ...common(raw),
    parameters: own(raw, packages.get(name.split('/')[0] ?? '')),
  };
  return { type: 'action', name, body };
};

const readPackage = async (whisk: OpenWhisk, name: string, warnings: string[]): Promise<Entity> => {
  const raw = await whisk.get(`packages/${name}`);
  const binding = raw['binding'];
  if (!isObject(binding) || typeof binding['name'] !== 'string') return { type: 'package', name, body: common(raw) };
  const from = String(binding['namespace']);
  const binds = { namespace: from === whisk.namespace ? '_' : from, name: binding['name'] };
  const provider = await whisk.find(`/${from}/packages/${binding['name']}`).catch(error => {
    warnings.push(`package ${name}: its provider cannot be read (${errorText(error)})`);
    return undefined;
  });
  const parameters = own(raw, provider?.['parameters']);
  return { type: 'package', name, body: { ...common(raw), parameters, binding: binds } };
};

const readTrigger = async (whisk: OpenWhisk, name: string, warnings: string[]): Promise<Entity> => {
  const raw = await whisk.get(`triggers/${name}`);
  const feed = pairs(raw['annotations']).find(({ key }) => key === 'feed')?.value;
  const body: JsonObject = common(raw);
  if (typeof feed !== 'string') return { type: 'trigger', name, body };
  const action = reference(feed.startsWith('/') ? feed : `/${whisk.namespace}/${feed}`, whisk.namespace);
  let parameters: JsonObject = {};
  try {
    const triggerName = `/${whisk.namespace}/${name}`;
    const call = { lifecycleEvent: 'READ', triggerName, authKey: whisk.authKey };
    const answer = await whisk.invoke(inNamespace(action, whisk.namespace), call);
    const config = isObject(answer['config']) ? answer['config'] : answer;
    const {
      authKey: _key,
      lifecycleEvent: _event,
      triggerName: _name,
      name: _plain,
      namespace: _space,
      ...rest
    } = config;
    parameters = rest;
  } catch (error) {
    warnings.push(`trigger ${name}: its feed ${action} does not tell how it is set up (${errorText(error)})`);
  }
  const annotations = pairs(body['annotations']).filter(({ key }) => key !== 'feed');
  return { type: 'trigger', name, body: { ...body, annotations: sorted(annotations), feed: { action, parameters } } };
};

const readRule = async (whisk: OpenWhisk, name: string): Promise<Entity> => {
  const raw = await whisk.get(`rules/${name}`);
  const { publish, annotations } = common(raw) as { publish: boolean; annotations: Json };
  const trigger = reference(raw['trigger'], whisk.namespace);
  const action = reference(raw['action'], whisk.namespace);
  const status = raw['status'] === 'inactive' ? 'inactive' : 'active';
  return { type: 'rule', name, body: { publish, annotations, trigger, action, status } };
};

const readApis = async (whisk: OpenWhisk, warnings: string[]): Promise<Entity[]> => {
  try {
    const answer = (await whisk.manage('GET', 'getApi', {})) as { apis?: { value?: { apidoc?: JsonObject } }[] };
    return (answer.apis ?? []).flatMap(({ value }) => {
      const document = value?.apidoc;
      if (!document) return [];
      const name = String(document['basePath'] ?? '/');
      return [{ type: 'api' as const, name, body: { document: portable(document, whisk.namespace) } }];
    });
  } catch (error) {
    warnings.push(`APIs: they cannot be read (${errorText(error)})`);
    return [];
  }
};

const nameOf = (row: JsonObject): string => {
  const [, ...packages] = String(row['namespace']).split('/');
  return [...packages, String(row['name'])].join('/');
};

/** Reads everything of the key's namespace. */
export const readProject = async (whisk: OpenWhisk): Promise<Snapshot> => {
  const warnings: string[] = [];
  const names = async (collection: string): Promise<string[]> => (await whisk.list(collection)).map(nameOf);
  const packages = await all(await names('packages'), name => readPackage(whisk, name, warnings));
  const inherited = new Map(packages.map(({ name, body }) => [name, body['parameters']]));
  const inheritedBy = (name: string): typeof inherited => (name.includes('/') ? inherited : new Map());
  const entities = [
    ...packages,
    ...(await all(await names('actions'), name => readAction(whisk, name, inheritedBy(name)))),
    ...(await all(await names('triggers'), name => readTrigger(whisk, name, warnings))),
    ...(await all(await names('rules'), name => readRule(whisk, name))),
    ...(await readApis(whisk, warnings)),
  ];
  return { project: inOrder(entities), warnings };
};
