import type { Identity } from '../invocation/identity.js';
import type { Json, JsonObject } from '../json.js';
import { gateway as text } from '../messages.js';
import { parseApidoc } from './apidoc.js';
import type { Apis, StoredApi } from './apis.js';
import { type ApiDocument, basePathOf, objectAt, stringAt } from './document.js';
import { addEndpoint, emptyDocument, removeEndpoint } from './generate.js';
import { ManagementError } from './management-error.js';
import type { Subscriptions } from './subscriptions.js';
import { managedUrl, mayManage } from './tenancy.js';
import { checkDocument, documentFault } from './validate.js';

export interface ManagementParts {
  readonly apis: Apis;
  readonly subscriptions: Subscriptions;
}

/** One call of a management action. */
export interface ManagementCall {
  /** Query and body, merged. */
  readonly args: JsonObject;
  readonly caller: Identity | undefined;
  /** `http://host:port`, where APIs are served. */
  readonly origin: string;
}

export type ManagementAction = (parts: ManagementParts, call: ManagementCall) => Json;

/** An API as clients see it (OPENWHISK.md 6.2). */
const view = ({ tenant, document }: StoredApi, origin: string): JsonObject => ({
  namespace: 'Not Used',
  gwApiActivated: true,
  tenantId: 'Not Used',
  gwApiUrl: managedUrl(origin, tenant, basePathOf(document)),
  apidoc: document,
});

/**
 * What clients send as `spaceguid`, if it is the caller's: `wsk --auth KEY` sends the uuid of the key in its properties file
 * all the same, and means the caller's own.
 */
const tenantOf = (parts: ManagementParts, { args }: ManagementCall, caller: Identity): string => {
  const tenant = stringAt(args, 'spaceguid');
  return tenant && mayManage(parts.apis, tenant, caller) ? tenant : caller.uuid;
};

/** Runs `work`; what it finds wrong is told with a prefix. */
const prefixed = <T>(prefix: (reason: string) => string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw error instanceof ManagementError ? new ManagementError(prefix(error.message)) : error;
  }
};

const checkedByGateway = (document: ApiDocument): ApiDocument => {
  checkDocument(document);
  const fault = documentFault(document);
  if (fault === undefined) return document;
  throw new ManagementError(text.notConfigured(400, JSON.stringify({ status: 400, message: text.error(fault) })));
};

export const createApi: ManagementAction = (parts, call) => {
  const { caller, args, origin } = call;
  if (!caller) throw new ManagementError(text.authRequired);
  const request = parseApidoc(args['apidoc'], caller.namespace);
  return prefixed(text.creationFailed, () => {
    const tenant = tenantOf(parts, call, caller);
    const [existing] = parts.apis.list(tenant, request.basePath);
    const document =
      request.kind === 'document'
        ? request.document
        : addEndpoint(
            existing?.document ?? emptyDocument(request.basePath, request.title),
            request.endpoint,
            stringAt(args, 'responsetype'),
          );
    return view(parts.apis.save(tenant, caller.namespace, checkedByGateway(document), existing), origin);
  });
};

const numberOf = (value: Json | undefined, absent: number): number => {
  const text = value === undefined || value === 'undefined' || value === '' ? absent : Number(value);
  return Number.isFinite(text) ? Math.trunc(text) : absent;
};

export const getApi: ManagementAction = (parts, call) => {
  const { caller, args, origin } = call;
  if (!caller) throw new ManagementError(text.invalidAuth);
  const format = stringAt(args, 'outputFormat')?.toLowerCase();
  if (format && format !== 'apigw' && format !== 'swagger') throw new ManagementError(text.badOutputFormat);
  const found = parts.apis.list(tenantOf(parts, call, caller), stringAt(args, 'basepath'));
  const skip = Math.max(0, numberOf(args['skip'], 0));
  const limit = Math.max(0, numberOf(args['limit'], found.length));
  const page = found.slice(skip, skip + limit);
  return { apis: page.map(api => ({ id: 'Not Used', key: 'Not Used', value: view(api, origin) })) };
};

export const deleteApi: ManagementAction = (parts, call) => {
  const { caller, args } = call;
  if (!caller) throw new ManagementError(text.invalidAuth);
  const basePath = stringAt(args, 'basepath');
  if (!basePath) throw new ManagementError(text.basePathMissing);
  const path = stringAt(args, 'relpath');
  const operation = stringAt(args, 'operation') || undefined;
  if (!path && operation) throw new ManagementError(text.pathMissing);
  return prefixed(text.deletionFailed, () => {
    const [api] = parts.apis.list(tenantOf(parts, call, caller), basePath);
    if (!api) throw new ManagementError(text.noApi(basePath));
    const rest = path ? removeEndpoint(api.document, path, operation) : undefined;
    if (rest && Object.keys(objectAt(rest, 'paths') ?? {}).length > 0) {
      parts.apis.save(api.tenant, api.owner, rest, api);
    } else {
      parts.apis.remove(api);
      parts.subscriptions.removeAll(api.id);
    }
    return {};
  });
};
