import type { Json, JsonObject } from '../json.js';
import { parseAddress, WEB_PREFIX, type WebAddress } from '../web/address.js';
import { type ApiDocument, arrayAt, at, configurationOf, objectAt, operationsOf, stringAt } from './document.js';
import { REQUEST_PATH } from './generate.js';
import {
  type CacheRule,
  cacheRuleOf,
  type Insert,
  insertsOf,
  rateSpacingOf,
  type Security,
  securityOf,
} from './policies.js';

/** Where an operation's calls go. */
export type Target =
  | {
      readonly kind: 'web';
      readonly address: WebAddress;
      /** The action gets the whole path of the request, not just what follows the route. */
      readonly wholePath: boolean;
    }
  /** A URL that is no web action's. */
  | { readonly kind: 'unknown'; readonly url: string };

export interface Operation {
  /** Verb the web action is called with. */
  readonly method: string;
  readonly target: Target;
  readonly inserts: readonly Insert[];
  readonly cache: CacheRule | undefined;
}

/** One path of an API. */
export interface Resource {
  readonly api: Api;
  /** Of the template, base path included. */
  readonly segments: readonly string[];
  /** By upper-case verb. */
  readonly operations: ReadonlyMap<string, Operation>;
}

/** An API made ready to serve. */
export interface Api {
  readonly id: string;
  readonly tenant: string;
  /** Undefined when the document says nothing of CORS. */
  readonly cors: boolean | undefined;
  readonly security: readonly Security[];
  /** ms between two calls of one caller; undefined when there is no limit. */
  readonly spacing: number | undefined;
  readonly resources: readonly Resource[];
}

interface Backend {
  readonly url: string;
  readonly verb: string;
  readonly inserts: readonly Insert[];
}

const invokeOf = (steps: readonly Json[]): { url: string; verb: string } | undefined => {
  const invoke = steps.map(step => objectAt(step, 'invoke')).find(found => found !== undefined);
  return invoke && { url: stringAt(invoke, 'target-url') ?? '', verb: stringAt(invoke, 'verb') ?? 'keep' };
};

/** The backends an assembly names, by operation id; `*` is that of every operation. */
const backendsOf = (assembly: Json | undefined): ReadonlyMap<string, Backend> => {
  const backends = new Map<string, Backend>();
  const steps = arrayAt(assembly, 'execute');
  const general = insertsOf(steps);
  const everywhere = invokeOf(steps);
  if (everywhere) backends.set('*', { ...everywhere, inserts: general });
  for (const step of steps) {
    for (const entry of arrayAt(step, 'operation-switch', 'case')) {
      const execute = arrayAt(entry, 'execute');
      const invoke = invokeOf(execute);
      if (!invoke) continue;
      for (const operation of arrayAt(entry, 'operations')) {
        backends.set(String(operation), { ...invoke, inserts: [...general, ...insertsOf(execute)] });
      }
    }
  }
  return backends;
};

/** `http://any.host/api/v1/web/ns/pkg/action.ext`: the host does not matter, web actions are served here. */
const targetOf = (url: string): Target => {
  const wholePath = url.endsWith(REQUEST_PATH);
  const plain = (wholePath ? url.slice(0, -REQUEST_PATH.length) : url)
    // wskdeploy and the serverless plugin put `https://` before whatever they have for the host, `http://` included.
    .replace(/^(?:\w+:\/\/)+[^/]*/, '')
    .replace(/[?#].*$/, '');
  const address = plain.startsWith(WEB_PREFIX) ? parseAddress(plain.slice(WEB_PREFIX.length)) : undefined;
  return address ? { kind: 'web', address, wholePath } : { kind: 'unknown', url };
};

const VERBS = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']);

const backendVerb = (verb: string, own: string): string => {
  if (verb === 'keep') return own;
  return VERBS.has(verb.toUpperCase()) ? verb.toUpperCase() : 'GET';
};

/** `/base` and `/path/{id}` → their segments, without a slash at the end. */
const segmentsOf = (basePath: string, path: string): string[] =>
  `${basePath}/${path}`.split('/').filter(segment => segment !== '');

const compileOperation = (
  verb: string,
  operation: JsonObject,
  backends: ReadonlyMap<string, Backend>,
  cache: Json | undefined,
): Operation => {
  const backend = backends.get('*') ?? backends.get(stringAt(operation, 'operationId') ?? '');
  const fallback = stringAt(operation, 'x-openwhisk', 'url') ?? '';
  return {
    method: backendVerb(backend?.verb ?? 'keep', verb.toUpperCase()),
    target: targetOf(backend?.url || fallback),
    inserts: backend?.inserts ?? [],
    cache: cacheRuleOf(at(operation, 'x-miniwhisk-cache') ?? cache),
  };
};

/** Reads everything the gateway serves from a document (OPENWHISK.md 6.3, 6.4). Never throws. */
export const compileApi = (id: string, tenant: string, document: ApiDocument): Api => {
  const configuration = configurationOf(document);
  const backends = backendsOf(at(configuration, 'assembly'));
  const basePath = stringAt(document, 'basePath') ?? '/';
  const enabled = at(configuration, 'cors', 'enabled');
  const resources: Resource[] = [];
  const api: Api = {
    id,
    tenant,
    cors: typeof enabled === 'boolean' ? enabled : undefined,
    security: securityOf(document),
    spacing: rateSpacingOf(document),
    resources,
  };
  for (const [path, item] of Object.entries(objectAt(document, 'paths') ?? {})) {
    const cache = at(item, 'x-miniwhisk-cache') ?? at(document, 'x-miniwhisk-cache');
    const operations = operationsOf(item).map(([verb, operation]): [string, Operation] => [
      verb.toUpperCase(),
      compileOperation(verb, operation, backends, cache),
    ]);
    resources.push({ api, segments: segmentsOf(basePath, path), operations: new Map(operations) });
  }
  return api;
};
