import { isObject } from '../json.js';
import type { Route } from './route.js';
import { definitions } from './swagger-definitions.js';

/** Members of our schemas that are not JSON schema, and constructs Swagger 2.0 does not know. */
const publicSchema = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(publicSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema)
    .filter(([key]) => !key.startsWith('x-') && key !== 'dependencies')
    .filter(([key, value]) => !(key === 'type' && Array.isArray(value)));
  return Object.fromEntries(entries.map(([key, value]) => [key, publicSchema(value)]));
};

/** `/:namespace/actions/:name{/}` → `/{namespace}/actions/{name}`. */
const swaggerPath = (path: string): string => path.replace('{/}', '').replace(/:(\w+)/g, '{$1}');

const errorResponse = (description: string): object => ({ description, schema: { $ref: '#/definitions/Error' } });

const COMMON_ERRORS = {
  400: errorResponse('The request is malformed'),
  401: errorResponse('Credentials are missing or wrong'),
  403: errorResponse('The caller may not do this'),
  404: errorResponse('There is no such thing'),
  409: errorResponse('In conflict with what is there'),
  413: errorResponse('Too large'),
  415: errorResponse('Not application/json'),
  429: errorResponse('Throttled'),
  500: errorResponse('Internal error'),
  503: errorResponse('Not able to take this now'),
};

const pathParameters = (path: string): object[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    type: 'string',
    ...(name === 'namespace' && { description: '_ is the namespace of the caller' }),
  }));

/** `Get an action` → `getAnAction`. */
const camelCase = (text: string): string => text.toLowerCase().replace(/\W+(\w?)/g, (_, c: string) => c.toUpperCase());

const operation = (route: Route): object => ({
  summary: route.summary,
  operationId: camelCase(route.summary),
  tags: [route.path.split('/')[2]?.replace('{', '') || 'namespaces'],
  ...(route.body && { consumes: ['application/json'] }),
  produces: ['application/json'],
  parameters: [
    ...pathParameters(route.path),
    ...(route.query ?? []).map(parameter => ({ ...parameter, in: 'query' })),
    ...(route.body
      ? [{ name: 'body', in: 'body', required: route.method === 'put', schema: publicSchema(route.body) }]
      : []),
  ],
  responses: {
    ...(route.responses
      ? Object.fromEntries(Object.entries(route.responses).map(([status, description]) => [status, { description }]))
      : { 200: { description: 'Done' } }),
    ...Object.fromEntries(
      Object.entries(COMMON_ERRORS).filter(([status]) => !(route.responses && status in route.responses)),
    ),
  },
});

/** The Swagger 2.0 document of the REST API, made from the routes and the schemas that validate their bodies. */
export const swaggerDocument = (routes: readonly Route[], version: string): object => {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/namespaces${swaggerPath(route.path)}`;
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    swagger: '2.0',
    info: { title: 'OpenWhisk REST API', description: 'API of miniwhisk', version },
    basePath: '/api/v1',
    schemes: ['http', 'https'],
    securityDefinitions: { basicAuth: { type: 'basic' } },
    security: [{ basicAuth: [] }],
    definitions: definitions(publicSchema),
    paths,
  };
};

/** The schema that a value has: what it consists of is required. */
const schemaOf = (value: unknown): object => {
  if (Array.isArray(value)) return { type: 'array', items: schemaOf(value[0] ?? '') };
  if (!isObject(value)) return { type: typeof value === 'number' ? 'integer' : typeof value };
  return {
    type: 'object',
    required: Object.keys(value),
    properties: Object.fromEntries(Object.entries(value).map(([key, member]) => [key, schemaOf(member)])),
  };
};

/** The Swagger 2.0 document of `GET /`, made from its body. */
export const infoDocument = (info: object, version: string): object => ({
  swagger: '2.0',
  info: { title: 'OpenWhisk', description: 'Configuration of the deployment', version },
  basePath: '/',
  schemes: ['http', 'https'],
  produces: ['application/json'],
  paths: {
    '/': {
      get: {
        summary: 'Get the configuration of the deployment',
        operationId: 'getInfo',
        responses: { 200: { description: 'API paths, runtimes, limits', schema: { $ref: '#/definitions/Info' } } },
      },
    },
  },
  definitions: { Info: schemaOf(info) },
});
