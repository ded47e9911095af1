import type { Clock } from '../clock.js';
import { uuid } from '../ids.js';
import { isObject, type Json } from '../json.js';
import type { DocumentStore } from '../store/store.js';
import { type Api, compileApi, type Resource } from './compile.js';
import { type ApiDocument, basePathOf, normalBasePath, stringAt } from './document.js';
import { createTrie, type Match, type Trie } from './trie.js';

const COLLECTION = 'api';

/** An API as it is kept. */
export interface StoredApi {
  readonly id: string;
  /** Stands in the URL: the uuid of its owner's key, or a name of their choice. */
  readonly tenant: string;
  /** The namespace it belongs to. */
  readonly owner: string;
  /** Epoch ms; APIs are listed in this order. */
  readonly created: number;
  readonly document: ApiDocument;
}

interface Tenant {
  readonly routes: Trie<Resource>;
  readonly apis: Map<string, { readonly stored: StoredApi; readonly api: Api; readonly basePath: string }>;
}

/** Which of a tenant's APIs are meant: those of a base path (from a slash on), or of a title. */
export type ApiFilter = string | undefined;

const fits = (filter: ApiFilter, basePath: string, { document }: StoredApi): boolean =>
  filter === undefined ||
  filter === '' ||
  (filter.startsWith('/') ? normalBasePath(filter) === basePath : stringAt(document, 'info', 'title') === filter);

const decode = (id: string, value: Json): StoredApi | undefined =>
  isObject(value) && isObject(value['document'])
    ? {
        id,
        tenant: String(value['tenant']),
        owner: String(value['owner']),
        created: Number(value['created']),
        document: value['document'],
      }
    : undefined;

/** All APIs: kept in the store, ready to serve in memory. `changed` is told the id of an API whose routes changed. */
export const createApis = (documents: DocumentStore, clock: Clock, changed: (id: string) => void = () => {}) => {
  const tenants = new Map<string, Tenant>();

  const take = (stored: StoredApi): void => {
    const tenant = tenants.get(stored.tenant) ?? { routes: createTrie<Resource>(), apis: new Map() };
    tenants.set(stored.tenant, tenant);
    const api = compileApi(stored.id, stored.tenant, stored.document);
    const basePath = basePathOf(stored.document);
    tenant.apis.set(stored.id, { stored, api, basePath });
    for (const resource of api.resources) tenant.routes.add({ segments: resource.segments, value: resource });
  };

  const drop = (tenantName: string, id: string): void => {
    const tenant = tenants.get(tenantName);
    const known = tenant?.apis.get(id);
    if (!tenant || !known) return;
    for (const resource of known.api.resources) tenant.routes.remove({ segments: resource.segments, value: resource });
    tenant.apis.delete(id);
    if (tenant.apis.size === 0) tenants.delete(tenantName);
    changed(id);
  };

  documents
    .list(COLLECTION)
    .flatMap(({ id, value }) => decode(id, value) ?? [])
    .sort((a, b) => a.created - b.created)
    .forEach(take);

  return {
    /** The namespace that a tenant's APIs belong to; undefined while it has none. */
    ownerOf: (tenant: string): string | undefined => tenants.get(tenant)?.apis.values().next().value?.stored.owner,
    /** Oldest first. */
    list: (tenant: string, filter?: ApiFilter): StoredApi[] =>
      [...(tenants.get(tenant)?.apis.values() ?? [])].flatMap(({ stored, basePath }) =>
        fits(filter, basePath, stored) ? [stored] : [],
      ),
    get: (tenant: string, id: string): StoredApi | undefined => tenants.get(tenant)?.apis.get(id)?.stored,
    /** Creates an API, or replaces the document of `existing`. Throws `StoreUnavailable`. */
    save(tenant: string, owner: string, document: ApiDocument, existing?: StoredApi): StoredApi {
      const stored: StoredApi = existing
        ? { ...existing, document }
        : { id: uuid(), tenant, owner, created: clock.now(), document };
      const { id, ...value } = stored;
      documents.put(COLLECTION, id, value as unknown as Json);
      drop(tenant, id);
      take(stored);
      return stored;
    },
    /** Throws `StoreUnavailable`. */
    remove({ tenant, id }: StoredApi): void {
      documents.delete(COLLECTION, id);
      drop(tenant, id);
    },
    /** Whether any API has this tenant in its URL. */
    hasTenant: (tenant: string): boolean => tenants.has(tenant),
    /** The route for a decoded path. */
    find: (tenant: string, path: readonly string[]): Match<Resource> | undefined =>
      tenants.get(tenant)?.routes.find(path),
  };
};

export type Apis = ReturnType<typeof createApis>;
