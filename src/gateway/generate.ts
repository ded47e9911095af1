import type { Json, JsonObject } from '../json.js';
import { gateway as text } from '../messages.js';
import { type ApiDocument, arrayAt, at, objectAt, operationsOf } from './document.js';
import { type Endpoint, splitActionName, webActionUrl } from './endpoint.js';
import { ManagementError } from './management-error.js';
import { operationId } from './operation-id.js';

/** The extension when the caller names none. */
const DEFAULT_RESPONSE_TYPE = 'json';

/** Stands for the request's path at the end of a target URL. */
export const REQUEST_PATH = '$(request.path)';

/** A document without operations (OPENWHISK.md 6.3). */
export const emptyDocument = (basePath: string, title: string | undefined): ApiDocument => ({
  swagger: '2.0',
  info: { title: title || basePath, version: '1.0.0' },
  basePath,
  paths: {},
  'x-ibm-configuration': { assembly: {}, cors: { enabled: true } },
});

const operationOf = (endpoint: Endpoint, id: string, responseType: string): JsonObject => {
  const name = splitActionName(endpoint.action.name);
  return {
    operationId: id,
    ...(endpoint.pathParameters && { parameters: endpoint.pathParameters as Json }),
    'x-openwhisk': {
      url: webActionUrl(endpoint, responseType),
      namespace: endpoint.action.namespace,
      package: name.package,
      action: name.action,
    },
    responses: { default: { description: 'Default response' } },
  };
};

/** How the gateway carries the operation out: the web action to call, and the secret to call it with. */
const caseOf = (endpoint: Endpoint, id: string, responseType: string): JsonObject => {
  const target = webActionUrl(endpoint, responseType) + (responseType === 'http' ? REQUEST_PATH : '');
  const { secureKey } = endpoint.action;
  const secret: Json = {
    'set-variable': { actions: [{ set: 'message.headers.X-Require-Whisk-Auth', value: secureKey ?? '' }] },
  };
  return {
    operations: [id],
    execute: [{ invoke: { 'target-url': target, verb: 'keep' } }, ...(secureKey ? [secret] : [])],
  };
};

const casesOf = (document: ApiDocument): readonly Json[] =>
  arrayAt(document, 'x-ibm-configuration', 'assembly', 'execute', 0, 'operation-switch', 'case');

const withCases = (document: ApiDocument, paths: JsonObject, cases: Json[]): ApiDocument => {
  const configuration = objectAt(document, 'x-ibm-configuration') ?? {};
  const assembly = objectAt(configuration, 'assembly') ?? {};
  const [first, ...others] = arrayAt(assembly, 'execute');
  const execute = [{ ...objectAt(first), 'operation-switch': { case: cases } }, ...others];
  return { ...document, paths, 'x-ibm-configuration': { ...configuration, assembly: { ...assembly, execute } } };
};

const isCaseOf =
  (id: string) =>
  (entry: Json): boolean =>
    at(entry, 'operations', 0) === id;

/** The document with the endpoint added, or replaced where it has it already. Throws `ManagementError`. */
export const addEndpoint = (
  document: ApiDocument,
  endpoint: Endpoint,
  responseType: string | undefined,
): ApiDocument => {
  const type = responseType || DEFAULT_RESPONSE_TYPE;
  const id = operationId(endpoint.method, endpoint.path);
  const paths = objectAt(document, 'paths') ?? {};
  const added = {
    ...objectAt(paths, endpoint.path),
    [endpoint.method.toLowerCase()]: operationOf(endpoint, id, type),
  };
  const cases = [...casesOf(document)];
  const known = cases.findIndex(isCaseOf(id));
  cases.splice(known < 0 ? cases.length : known, 1, caseOf(endpoint, id, type));
  return withCases(document, { ...paths, [endpoint.path]: added }, cases);
};

/** The document without a path, or without one operation of it. Throws `ManagementError` when it is not there. */
export const removeEndpoint = (document: ApiDocument, path: string, operation: string | undefined): ApiDocument => {
  const paths = { ...objectAt(document, 'paths') };
  const item = objectAt(paths, path);
  const verb = operation?.toLowerCase();
  if (verb !== undefined && !objectAt(item, verb)) throw new ManagementError(text.noOperation(path, verb));
  if (!item) throw new ManagementError(text.noPath(path));
  const removed = verb === undefined ? operationsOf(item).map(([v]) => v) : [verb];
  const kept = Object.fromEntries(Object.entries(item).filter(([key]) => !removed.includes(key.toLowerCase())));
  if (operationsOf(kept).length === 0) delete paths[path];
  else paths[path] = kept;
  const ids = new Set(removed.map(v => operationId(v, path)));
  const cases = casesOf(document).filter(entry => !ids.has(String(at(entry, 'operations', 0))));
  return withCases(document, paths, cases);
};
