import { isObject, type Json, type JsonObject } from '../json.js';

/** An API's Swagger document as its owner gave it or as it was generated. Nothing of its shape is certain. */
export type ApiDocument = JsonObject;

/** What stands at a path of keys and indexes; undefined where it does not lead on. */
export const at = (value: Json | undefined, ...keys: (string | number)[]): Json | undefined => {
  let here = value;
  for (const key of keys) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as { [key: string]: Json })[key];
  }
  return here;
};

export const objectAt = (value: Json | undefined, ...keys: (string | number)[]): JsonObject | undefined => {
  const found = at(value, ...keys);
  return isObject(found) ? found : undefined;
};

export const stringAt = (value: Json | undefined, ...keys: (string | number)[]): string | undefined => {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : undefined;
};

export const arrayAt = (value: Json | undefined, ...keys: (string | number)[]): readonly Json[] => {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found : [];
};

/** The gateway's own part of a document. */
export const configurationOf = (document: ApiDocument): JsonObject | undefined =>
  objectAt(document, 'x-gateway-configuration') ?? objectAt(document, 'x-ibm-configuration');

export const HTTP_METHODS: readonly string[] = ['get', 'post', 'put', 'delete', 'patch', 'head', 'options'];

/** The operations of a path item, by lower-case verb; what else stands there is no operation. */
export const operationsOf = (pathItem: Json | undefined): [verb: string, operation: JsonObject][] =>
  isObject(pathItem)
    ? Object.entries(pathItem).flatMap(([verb, operation]) =>
        HTTP_METHODS.includes(verb.toLowerCase()) && isObject(operation) ? [[verb.toLowerCase(), operation]] : [],
      )
    : [];

/** `/hello/`, `hello` → `/hello`; `/` stays: how the gateway compares base paths. */
export const normalBasePath = (path: string): string => `/${path.replace(/^\/|\/$/g, '')}`;

/** Where an API begins: `/` when its document does not say. */
export const basePathOf = (document: ApiDocument): string => normalBasePath(stringAt(document, 'basePath') ?? '/');
