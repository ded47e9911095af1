import { isObject, type Json, type JsonObject } from '../json.js';
import { gateway as text } from '../messages.js';
import { arrayAt, objectAt, stringAt } from './document.js';
import type { Endpoint } from './endpoint.js';
import { ManagementError } from './management-error.js';

/** What `createApi` is asked for: one operation of an API, or a whole Swagger document. */
export type ApiRequest =
  | {
      readonly kind: 'endpoint';
      readonly basePath: string;
      readonly title: string | undefined;
      readonly endpoint: Endpoint;
    }
  | { readonly kind: 'document'; readonly basePath: string; readonly document: JsonObject };

/** An object, or the JSON text of one. */
const parsed = (value: Json, malformed: string, otherType: (type: string) => string): JsonObject => {
  if (isObject(value)) return value;
  if (typeof value !== 'string') throw new ManagementError(otherType(typeof value));
  try {
    const result: unknown = JSON.parse(value);
    if (isObject(result)) return result;
  } catch {}
  throw new ManagementError(malformed);
};

const swaggerRequest = (doc: JsonObject, swagger: Json): ApiRequest => {
  if (doc['gatewayBasePath']) throw new ManagementError(text.swaggerAndBasePath);
  const document = parsed(swagger, text.swaggerMalformed, text.swaggerType);
  for (const field of ['basePath', 'paths', 'info']) {
    if (!document[field]) throw new ManagementError(text.swaggerField(field));
  }
  return { kind: 'document', basePath: String(document['basePath']), document };
};

const ACTION_FIELDS = ['backendMethod', 'backendUrl', 'namespace', 'name', 'authkey'] as const;

/** `_` in the action's namespace and URL is the caller's own. */
const actionOf = (action: JsonObject, namespace: string): Endpoint['action'] => {
  for (const field of ACTION_FIELDS) if (!action[field]) throw new ManagementError(text.actionField(field));
  const own = action['namespace'] === '_';
  const backendUrl = String(action['backendUrl']);
  const secureKey = action['secureKey'];
  return {
    name: String(action['name']),
    namespace: own ? namespace : String(action['namespace']),
    backendUrl: own ? backendUrl.replace(/(\/api\/v1\/web\/)[\w@.-]+\//, `$1${namespace}/`) : backendUrl,
    ...(secureKey !== undefined && secureKey !== null && secureKey !== '' && { secureKey: String(secureKey) }),
  };
};

const endpointRequest = (doc: JsonObject, namespace: string): ApiRequest => {
  for (const field of ['gatewayBasePath', 'gatewayPath', 'gatewayMethod', 'action']) {
    if (!doc[field]) throw new ManagementError(text.apidocField(field));
  }
  const parameters = arrayAt(doc, 'pathParameters');
  return {
    kind: 'endpoint',
    basePath: String(doc['gatewayBasePath']),
    title: stringAt(doc, 'apiName'),
    endpoint: {
      path: String(doc['gatewayPath']),
      method: String(doc['gatewayMethod']),
      ...(parameters.length > 0 && { pathParameters: parameters.filter(isObject) }),
      action: actionOf(objectAt(doc, 'action') ?? {}, namespace),
    },
  };
};

/** Reads the `apidoc` of a create call (OPENWHISK.md 6.1). Throws `ManagementError` with OpenWhisk's text. */
export const parseApidoc = (apidoc: Json | undefined, namespace: string): ApiRequest => {
  if (!apidoc) throw new ManagementError(text.apidocMissing);
  const doc = parsed(apidoc, text.apidocMalformed, text.apidocType);
  if (!doc['namespace']) throw new ManagementError(text.apidocField('namespace'));
  return doc['swagger'] ? swaggerRequest(doc, doc['swagger']) : endpointRequest(doc, namespace);
};
