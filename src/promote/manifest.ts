import { isObject, type Json, type JsonObject } from '../json.js';
import { canonical, type Entity, idOf, type Project } from './entity.js';

/**
 * A project as wskdeploy's manifest, and back. The manifest has no place for some things (initial parameters, a rule's
 * status, a sequence's foreign parts …): `rest` holds the members of entities that it would not give back as they were.
 */
export interface Written {
  readonly manifest: JsonObject;
  /** By entity (`action pkg/name`): the members that count instead of the manifest's. */
  readonly rest: JsonObject;
  /** Code by the file that the manifest names. */
  readonly files: ReadonlyMap<string, string | Buffer>;
}

export type ReadFile = (path: string) => Buffer;

const DEFAULT_PACKAGE = 'default';
const EXTENSIONS: Readonly<Record<string, string>> = {
  nodejs: 'js',
  python: 'py',
  php: 'php',
  ruby: 'rb',
  go: 'go',
  java: 'java',
  swift: 'swift',
  rust: 'rs',
  dotnet: 'cs',
  ballerina: 'bal',
  perl: 'pl',
};
const BINARY = /\.(zip|jar|bin)$/;
/** wskdeploy's names of limits; it refuses others. */
const LIMITS = [
  ['timeout', 'timeout'],
  ['memory', 'memorySize'],
  ['logs', 'logSize'],
] as const;

type Pairs = readonly { readonly key: string; readonly value: Json }[];

const members = (list: Json | undefined, wrap: (value: Json) => Json = value => value): JsonObject =>
  Object.fromEntries(((list ?? []) as unknown as Pairs).map(({ key, value }) => [key, wrap(value)]));

/** A map would be taken for a parameter's description: its value is named as such. */
const input = (value: Json): Json => (isObject(value) || value === null ? { value } : value);

const sortedPairs = (map: Json | undefined, unwrap: (value: Json) => Json = value => value): Json =>
  Object.entries(isObject(map) ? map : {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value: unwrap(value) }));

const DESCRIBED = new Set(['type', 'description', 'value', 'required', 'default', 'status', 'schema']);
const outOfInput = (value: Json): Json => {
  if (!isObject(value) || !Object.keys(value).every(key => DESCRIBED.has(key))) return value;
  return value['value'] ?? value['default'] ?? null;
};

const filled = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).filter(([, value]) => !(isObject(value) && Object.keys(value).length === 0)),
  );

const sharedOf = ({ body }: Entity): JsonObject => ({
  inputs: members(body['parameters'], input),
  annotations: members(body['annotations']),
});

const isBase64 = (code: string): boolean =>
  code.length > 0 && code.length % 4 === 0 && Buffer.from(code, 'base64').toString('base64') === code;

/** The file of an action's code, by what is in it. */
const codeFile = (
  name: string,
  kind: string,
  code: string,
): { readonly path: string; readonly data: string | Buffer } => {
  const family = kind.split(':')[0] ?? '';
  const data = isBase64(code) ? Buffer.from(code, 'base64') : code;
  const zip = typeof data !== 'string' && data.subarray(0, 2).toString() === 'PK';
  const extension =
    typeof data === 'string' ? (EXTENSIONS[family] ?? 'txt') : zip ? (family === 'java' ? 'jar' : 'zip') : 'bin';
  return { path: `actions/${name}.${extension}`, data };
};

const writeAction = (entity: Entity, files: Map<string, string | Buffer>): JsonObject => {
  const exec = entity.body['exec'] as JsonObject;
  const limits = entity.body['limits'] as JsonObject;
  const { kind, code, image, main } = exec;
  const action: JsonObject = {};
  if (typeof code === 'string') {
    const { path, data } = codeFile(entity.name, String(kind), code);
    files.set(path, data);
    action['function'] = path;
  }
  if (kind === 'blackbox') action['docker'] = image ?? '';
  else action['runtime'] = kind ?? '';
  if (main !== undefined) action['main'] = main;
  const known = LIMITS.flatMap(([own, theirs]) => (limits[own] === undefined ? [] : [[theirs, limits[own]]]));
  return filled({ ...action, limits: Object.fromEntries(known), ...sharedOf(entity) });
};

/** wskdeploy completes a name without a slash by the sequence's package, and knows no other namespace. */
const componentName = (component: string): string => component.replace(/^\/_\//, '');

const splitName = (name: string): readonly [string, string] => {
  const [first = '', second] = name.split('/');
  return second === undefined ? [DEFAULT_PACKAGE, first] : [first, second];
};

const plainName = (reference: Json | undefined): string => String(reference).replace(/^\/_\//, '');

/** The project as wskdeploy takes it, all packages in one manifest. */
export const writeManifest = (name: string, project: Project): Written => {
  const packages = new Map<string, JsonObject>();
  const files = new Map<string, string | Buffer>();
  const place = (pkg: string, section: string, key: string, value: Json): void => {
    const found = packages.get(pkg) ?? {};
    packages.set(pkg, { ...found, [section]: { ...((found[section] as JsonObject) ?? {}), [key]: value } });
  };
  for (const entity of project) {
    const { type, body } = entity;
    const [pkg, plain] = splitName(entity.name);
    const { binding, exec } = body;
    if (type === 'package' && isObject(binding)) {
      const location = `/${String(binding['namespace'])}/${String(binding['name'])}`;
      place(DEFAULT_PACKAGE, 'dependencies', entity.name, filled({ location, ...sharedOf(entity) }));
    } else if (type === 'package') {
      const shared = filled({ ...(body['publish'] === true && { public: true }), ...sharedOf(entity) });
      packages.set(entity.name, { ...packages.get(entity.name), ...shared });
    } else if (type === 'action' && isObject(exec) && exec['kind'] === 'sequence') {
      const actions = ((exec['components'] ?? []) as string[]).map(componentName).join(', ');
      place(pkg, 'sequences', plain, filled({ actions, annotations: members(body['annotations']) }));
    } else if (type === 'action') {
      place(pkg, 'actions', plain, writeAction(entity, files));
    } else if (type === 'trigger') {
      const { feed } = body;
      const shared = isObject(feed)
        ? {
            feed: plainName(feed['action']),
            ...sharedOf(entity),
            inputs: members(sortedPairs(feed['parameters']), input),
          }
        : sharedOf(entity);
      place(DEFAULT_PACKAGE, 'triggers', plain, filled(shared));
    } else if (type === 'rule') {
      const annotations = members(body['annotations']);
      const rule = { trigger: plainName(body['trigger']), action: plainName(body['action']), annotations };
      place(DEFAULT_PACKAGE, 'rules', plain, filled(rule));
    }
  }
  const manifest = { project: { name, packages: Object.fromEntries(packages) } };
  return { manifest, files, rest: restOf(project, manifest, files) };
};

const restOf = (project: Project, manifest: JsonObject, files: ReadonlyMap<string, string | Buffer>): JsonObject => {
  const back = new Map(
    readManifest(manifest, {}, path => Buffer.from(files.get(path) ?? '')).map(one => [idOf(one), one.body]),
  );
  const rest: JsonObject = {};
  for (const entity of project) {
    const found = back.get(idOf(entity)) ?? {};
    const other = Object.entries(entity.body).filter(([key, value]) => canonical(found[key]) !== canonical(value));
    if (other.length > 0) rest[idOf(entity)] = Object.fromEntries(other);
  }
  return rest;
};

const sharedFrom = (value: JsonObject): JsonObject => ({
  publish: false,
  annotations: sortedPairs(value['annotations']),
  parameters: sortedPairs(value['inputs'], outOfInput),
});

const readAction = (value: JsonObject, readFile: ReadFile): JsonObject => {
  const path = value['function'];
  const data = typeof path === 'string' ? readFile(path) : undefined;
  const code = data && BINARY.test(String(path)) ? data.toString('base64') : data?.toString('utf8');
  const exec = {
    ...(value['docker'] === undefined
      ? { kind: value['runtime'] ?? '' }
      : { kind: 'blackbox', image: value['docker'] }),
    ...(code !== undefined && { code }),
    ...(value['main'] !== undefined && { main: value['main'] }),
  };
  const given = isObject(value['limits']) ? value['limits'] : {};
  const limits = LIMITS.flatMap(([own, theirs]) => (given[theirs] === undefined ? [] : [[own, given[theirs]]]));
  return { exec, limits: Object.fromEntries(limits), ...sharedFrom(value) };
};

const readSequence = (value: JsonObject, pkg: string): JsonObject => {
  const components = String(value['actions'] ?? '')
    .split(',')
    .map(word => word.trim())
    .map(word =>
      word.startsWith('/') ? word : word.includes('/') || pkg === DEFAULT_PACKAGE ? `/_/${word}` : `/_/${pkg}/${word}`,
    );
  const { parameters: _none, ...shared } = sharedFrom(value);
  return { exec: { kind: 'sequence', components }, limits: {}, ...shared };
};

const absolute = (value: Json | undefined): string => {
  const text = String(value ?? '');
  return text.startsWith('/') ? text : `/_/${text}`;
};

const readTrigger = (value: JsonObject): JsonObject => {
  const { parameters, ...shared } = sharedFrom(value);
  if (value['feed'] === undefined) return { ...shared, parameters: parameters ?? [] };
  const given = Object.fromEntries(((parameters ?? []) as unknown as Pairs).map(pair => [pair.key, pair.value]));
  return { ...shared, parameters: [], feed: { action: absolute(value['feed']), parameters: given } };
};

const readRule = (value: JsonObject): JsonObject => {
  const { parameters: _none, ...shared } = sharedFrom(value);
  return { ...shared, trigger: absolute(value['trigger']), action: absolute(value['action']), status: 'active' };
};

const sectionOf = (pkg: JsonObject, name: string): [string, JsonObject][] =>
  Object.entries(isObject(pkg[name]) ? pkg[name] : {}).map(([key, value]) => [key, isObject(value) ? value : {}]);

/** What a manifest and the rest beside it say. Code is read by the paths that the manifest names. */
export const readManifest = (manifest: JsonObject, rest: JsonObject, readFile: ReadFile): Entity[] => {
  const project = isObject(manifest['project']) ? manifest['project'] : manifest;
  const found: Entity[] = [];
  for (const [pkg, value] of sectionOf(project, 'packages')) {
    const prefix = pkg === DEFAULT_PACKAGE ? '' : `${pkg}/`;
    if (prefix !== '')
      found.push({ type: 'package', name: pkg, body: { ...sharedFrom(value), publish: value['public'] === true } });
    for (const [name, dependency] of sectionOf(value, 'dependencies')) {
      const [, namespace = '_', bound = ''] = String(dependency['location'] ?? '').split('/');
      found.push({ type: 'package', name, body: { ...sharedFrom(dependency), binding: { namespace, name: bound } } });
    }
    for (const [name, action] of sectionOf(value, 'actions'))
      found.push({ type: 'action', name: prefix + name, body: readAction(action, readFile) });
    for (const [name, sequence] of sectionOf(value, 'sequences'))
      found.push({ type: 'action', name: prefix + name, body: readSequence(sequence, pkg) });
    for (const [name, trigger] of sectionOf(value, 'triggers'))
      found.push({ type: 'trigger', name, body: readTrigger(trigger) });
    for (const [name, rule] of sectionOf(value, 'rules')) found.push({ type: 'rule', name, body: readRule(rule) });
  }
  const known = new Map(found.map(entity => [idOf(entity), entity]));
  for (const [id, other] of Object.entries(rest)) {
    const at = id.indexOf(' ');
    const [type, name] = [id.slice(0, at) as Entity['type'], id.slice(at + 1)];
    known.set(id, { type, name, body: { ...known.get(id)?.body, ...(isObject(other) ? other : {}) } });
  }
  return [...known.values()];
};
