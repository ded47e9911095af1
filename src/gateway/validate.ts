import { isObject } from '../json.js';
import { gateway as text } from '../messages.js';
import {
  type ApiDocument,
  arrayAt,
  at,
  configurationOf,
  HTTP_METHODS,
  objectAt,
  operationsOf,
  stringAt,
} from './document.js';
import { REQUEST_PATH } from './generate.js';
import { ManagementError } from './management-error.js';

/** True for a path with a segment that is a parameter. */
const hasParameters = (path: string): boolean => /\/\{[^/]+\}(?:\/|$)/.test(path);

const parametersIn = (path: string): string[] => [...path.matchAll(/\{([^/{}]+)\}/g)].map(match => match[1] as string);

/** The target URL of every operation the document's operation switches name. */
const targetUrls = (document: ApiDocument): Map<string, string> => {
  const urls = new Map<string, string>();
  for (const step of arrayAt(configurationOf(document), 'assembly', 'execute')) {
    for (const entry of arrayAt(step, 'operation-switch', 'case')) {
      arrayAt(entry, 'operations').forEach((operation, i) => {
        const url = stringAt(entry, 'execute', i, 'invoke', 'target-url');
        if (typeof operation === 'string' && url) urls.set(operation, url);
      });
    }
  }
  return urls;
};

const checkPath = (document: ApiDocument, path: string, urls: ReadonlyMap<string, string>): void => {
  const item = objectAt(document, 'paths', path);
  for (const [, operation] of operationsOf(item)) {
    const url = stringAt(operation, 'x-openwhisk', 'url');
    if (url && !url.endsWith('.http')) throw new ManagementError(text.needsHttp);
    const id = stringAt(operation, 'operationId') ?? '';
    const target = urls.get(id);
    if (target && !target.endsWith(`.http${REQUEST_PATH}`)) throw new ManagementError(text.needsRequestPath(id));
    const declared = [...arrayAt(item, 'parameters'), ...arrayAt(operation, 'parameters')].map(p => at(p, 'name'));
    const missing = parametersIn(path).find(name => !declared.includes(name));
    if (missing !== undefined) throw new ManagementError(text.undeclaredParameter(missing, path));
  }
};

/** What OpenWhisk's management actions check before the gateway gets a document. Throws `ManagementError`. */
export const checkDocument = (document: ApiDocument): void => {
  const basePath = stringAt(document, 'basePath') ?? '';
  if (hasParameters(basePath)) throw new ManagementError(text.basePathParameters(basePath));
  const urls = targetUrls(document);
  for (const path of Object.keys(objectAt(document, 'paths') ?? {})) {
    if (hasParameters(path)) checkPath(document, path, urls);
  }
};

/** An operation's key that is no verb; `parameters` and extensions may stand beside operations. */
const unknownVerb = (pathItem: unknown): string | undefined =>
  isObject(pathItem)
    ? Object.keys(pathItem).find(
        key => isObject(pathItem[key]) && !key.startsWith('x-') && !HTTP_METHODS.includes(key.toLowerCase()),
      )
    : undefined;

/** What the gateway itself checks of a document; the text of what is wrong, or undefined. */
export const documentFault = (document: ApiDocument): string | undefined => {
  if (!stringAt(document, 'info', 'title')) return text.missingField('name');
  if (!stringAt(document, 'basePath')) return text.missingField('basePath');
  if (stringAt(document, 'basePath')?.includes("'")) return text.quoteInBasePath;
  const paths = objectAt(document, 'paths');
  if (!paths) return text.missingField('resources');
  if (Object.keys(paths).length === 0) return text.noResources;
  for (const [path, item] of Object.entries(paths)) {
    if (path.includes("'")) return text.quoteInPath;
    if (!path.startsWith('/')) return text.pathWithoutSlash;
    const verb = unknownVerb(item);
    if (verb !== undefined) return text.badVerb(verb);
    if (operationsOf(item).length === 0) return text.noOperations;
  }
  return undefined;
};
