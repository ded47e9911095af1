import { describe, expect, test } from 'vitest';
import { compileApi } from '../../src/gateway/compile.js';
import type { ApiDocument } from '../../src/gateway/document.js';
import { at } from '../../src/gateway/document.js';
import { type Endpoint, splitActionName } from '../../src/gateway/endpoint.js';
import { addEndpoint, emptyDocument, removeEndpoint } from '../../src/gateway/generate.js';
import { operationId } from '../../src/gateway/operation-id.js';
import { checkDocument, documentFault } from '../../src/gateway/validate.js';
import type { Json } from '../../src/json.js';
import { gateway as text } from '../../src/messages.js';

const endpoint = (extra: Partial<Endpoint> & { secureKey?: string } = {}): Endpoint => ({
  path: '/p',
  method: 'GET',
  action: {
    name: '/guest/pkg/hello',
    namespace: 'guest',
    backendUrl: 'https://host:444/api/v1/web/guest/pkg/hello.http',
    ...(extra.secureKey !== undefined && { secureKey: extra.secureKey }),
  },
  ...extra,
});

describe('operation ids', () => {
  test.each([
    ['GET', '/path', 'getPath'],
    ['get', '/path/with/sub_paths/in/it', 'getPathWithSub_pathsInIt'],
    ['post', '/item/{id}', 'postItemId'],
    ['get', '/', 'get'],
    ['put', '/a.b~c/D-E', 'putABCD-e'],
  ])('%s %s', (operation, path, expected) => expect(operationId(operation, path)).toBe(expected));
});

test.each([
  ['hello', '', 'hello'],
  ['pkg/hello', 'pkg', 'hello'],
  ['/ns/pkg/hello', 'pkg', 'hello'],
  ['/ns/hello', '', 'hello'],
])('the action %s', (name, packageName, action) => {
  expect(splitActionName(name)).toEqual({ package: packageName, action });
});

describe('generated Swagger', () => {
  test('one operation, whole (6.3)', () => {
    const document = addEndpoint(emptyDocument('/b', undefined), endpoint({ secureKey: 's3' }), 'http');
    expect(document).toEqual({
      swagger: '2.0',
      info: { title: '/b', version: '1.0.0' },
      basePath: '/b',
      paths: {
        '/p': {
          get: {
            operationId: 'getP',
            'x-openwhisk': {
              url: 'https://host:444/api/v1/web/guest/pkg/hello.http',
              namespace: 'guest',
              package: 'pkg',
              action: 'hello',
            },
            responses: { default: { description: 'Default response' } },
          },
        },
      },
      'x-ibm-configuration': {
        assembly: {
          execute: [
            {
              'operation-switch': {
                case: [
                  {
                    operations: ['getP'],
                    execute: [
                      {
                        invoke: {
                          'target-url': 'https://host:444/api/v1/web/guest/pkg/hello.http$(request.path)',
                          verb: 'keep',
                        },
                      },
                      {
                        'set-variable': {
                          actions: [{ set: 'message.headers.X-Require-Whisk-Auth', value: 's3' }],
                        },
                      },
                    ],
                  },
                ],
              },
            },
          ],
        },
        cors: { enabled: true },
      },
    });
  });

  test('json is the response type when none is named, and has no path', () => {
    const document = addEndpoint(emptyDocument('/b', 'title'), endpoint(), undefined);
    expect(JSON.stringify(document)).toContain('/api/v1/web/guest/pkg/hello.json"');
    expect(at(document, 'info', 'title')).toBe('title');
  });

  test('adding again replaces, adding another merges', () => {
    let document = emptyDocument('/b', undefined);
    document = addEndpoint(document, endpoint(), 'json');
    document = addEndpoint(document, endpoint({ method: 'POST' }), 'json');
    document = addEndpoint(document, endpoint({ path: '/q' }), 'text');
    document = addEndpoint(document, endpoint(), 'html');
    const cases = at(document, 'x-ibm-configuration', 'assembly', 'execute', 0, 'operation-switch', 'case') as Json[];
    expect(cases.map(c => at(c, 'operations', 0))).toEqual(['getP', 'postP', 'getQ']);
    expect(at(cases[0], 'execute', 0, 'invoke', 'target-url')).toMatch(/hello\.html$/);
    const withoutPost = removeEndpoint(document, '/p', 'POST');
    expect(Object.keys(at(withoutPost, 'paths', '/p') as object)).toEqual(['get']);
    expect(Object.keys(at(removeEndpoint(withoutPost, '/p', 'get'), 'paths') as object)).toEqual(['/q']);
    expect(Object.keys(at(removeEndpoint(document, '/p', undefined), 'paths') as object)).toEqual(['/q']);
    expect(() => removeEndpoint(document, '/z', undefined)).toThrow(text.noPath('/z'));
    expect(() => removeEndpoint(document, '/q', 'PUT')).toThrow(text.noOperation('/q', 'put'));
  });

  test('a backend that is no web action is refused', () => {
    const wrong = endpoint({ action: { name: 'a', namespace: 'ns', backendUrl: 'https://host/somewhere' } });
    expect(() => addEndpoint(emptyDocument('/b', undefined), wrong, 'json')).toThrow(
      text.badBackendUrl('https://host/somewhere'),
    );
  });
});

const withParameters = (responseType: string, parameters: object[]): ApiDocument =>
  addEndpoint(
    emptyDocument('/b', undefined),
    endpoint({ path: '/item/{id}', ...(parameters.length > 0 && { pathParameters: parameters }) }),
    responseType,
  );

describe('checks of a document', () => {
  const id = { name: 'id', in: 'path', required: true, type: 'string' };

  test('path parameters that are declared, under .http', () => {
    expect(() => checkDocument(withParameters('http', [id]))).not.toThrow();
  });

  test.each<[string, ApiDocument, string]>([
    ['base path', { ...emptyDocument('/b/{x}', undefined) }, text.basePathParameters('/b/{x}')],
    ['response type', withParameters('json', [id]), text.needsHttp],
    ['parameter', withParameters('http', []), text.undeclaredParameter('id', '/item/{id}')],
  ])('%s', (_, document, message) => expect(() => checkDocument(document)).toThrow(message));

  test('the target must end in the request’s path', () => {
    const document = JSON.parse(JSON.stringify(withParameters('http', [id])).replaceAll('$(request.path)', ''));
    expect(() => checkDocument(document)).toThrow(text.needsRequestPath('getItemId'));
  });

  const operation = { get: { operationId: 'x' } };
  test.each<[string | undefined, ApiDocument]>([
    [undefined, { info: { title: 't' }, basePath: '/b', paths: { '/p': operation } }],
    [text.missingField('name'), { basePath: '/b', paths: { '/p': operation } }],
    [text.missingField('basePath'), { info: { title: 't' }, paths: { '/p': operation } }],
    [text.noResources, { info: { title: 't' }, basePath: '/b', paths: {} }],
    [text.pathWithoutSlash, { info: { title: 't' }, basePath: '/b', paths: { p: operation } }],
    [text.badVerb('fetch'), { info: { title: 't' }, basePath: '/b', paths: { '/p': { fetch: {}, get: {} } } }],
    [text.noOperations, { info: { title: 't' }, basePath: '/b', paths: { '/p': { parameters: [] } } }],
    [text.quoteInPath, { info: { title: 't' }, basePath: '/b', paths: { "/p'": operation } }],
    [text.quoteInBasePath, { info: { title: 't' }, basePath: "/b'", paths: { '/p': operation } }],
  ])('%s', (fault, document) => expect(documentFault(document)).toBe(fault));
});

describe('a document made ready', () => {
  const compiled = (document: ApiDocument) => compileApi('id', 'tenant', document);

  test('routes, targets, secrets and CORS', () => {
    const api = compiled(addEndpoint(emptyDocument('/b/', undefined), endpoint({ secureKey: 's3' }), 'http'));
    expect(api.cors).toBe(true);
    expect(api.resources.map(r => r.segments)).toEqual([['b', 'p']]);
    expect(api.resources[0]?.operations.get('GET')).toEqual({
      method: 'GET',
      target: {
        kind: 'web',
        address: { namespace: 'guest', path: 'guest/pkg/hello', extension: 'http', rest: '' },
        wholePath: true,
      },
      inserts: [{ where: 'header', name: 'X-Require-Whisk-Auth', value: 's3' }],
      cache: undefined,
    });
  });

  test('a target with the scheme twice, as wskdeploy writes it for an API host of http://', () => {
    const url = (host: string) => `${host}/api/v1/web/guest/pkg/hello.http`;
    const target = (host: string) => {
      const get = { 'x-openwhisk': { url: url(host) } };
      return compiled({ basePath: '/', info: { title: 't' }, paths: { '/p': { get } } }).resources[0]?.operations.get(
        'GET',
      )?.target;
    };
    expect(target('https://http://127.0.0.1:3233')).toMatchObject({
      kind: 'web',
      address: { path: 'guest/pkg/hello' },
    });
    expect(target('https://http://127.0.0.1:3233')).toEqual(target('http://127.0.0.1:3233'));
  });

  const plain = (extra: object): ApiDocument => ({
    basePath: '/',
    info: { title: 't' },
    paths: { '/p': { get: { operationId: 'getP', 'x-miniwhisk-cache': { ttl: 2, vary: 'Accept, X-A' } } } },
    ...extra,
  });

  test('one backend for all operations, another verb, x-gateway-configuration first', () => {
    const execute = [{ invoke: { 'target-url': 'http://any/api/v1/web/ns/default/a.json', verb: 'post' } }];
    const api = compiled(plain({ 'x-gateway-configuration': { assembly: { execute }, cors: { enabled: false } } }));
    expect(api.cors).toBe(false);
    expect(api.resources[0]?.operations.get('GET')).toMatchObject({
      method: 'POST',
      target: { kind: 'web', address: { path: 'ns/a', extension: 'json' }, wholePath: false },
      cache: { ttlMs: 2000, vary: ['accept', 'x-a'] },
    });
  });

  test('limits and keys', () => {
    const rate = [{ unit: 'minute', units: 3, rate: 100 }];
    const apiKey = { type: 'apiKey', name: 'X-Api-Key', in: 'header' };
    expect(compiled(plain({ 'x-ibm-rate-limit': rate })).spacing).toBe(1800);
    expect(compiled(plain({ 'x-gateway-rate-limit': [{ unit: 'second', units: 1, rate: 4 }] })).spacing).toBe(250);
    expect(compiled(plain({})).spacing).toBeUndefined();
    expect(compiled(plain({ securityDefinitions: { client_id: apiKey } })).security).toEqual([
      { type: 'apiKey', where: 'header', name: 'X-Api-Key' },
    ]);
    expect(
      compiled(plain({ securityDefinitions: { client_id: apiKey, client_secret: { ...apiKey, name: 'X-Secret' } } }))
        .security,
    ).toEqual([{ type: 'clientSecret', idName: 'X-Api-Key', secretName: 'X-Secret' }]);
  });

  test.each<Json>([null, [], 'x', { paths: 7 }, { paths: { '/p': null } }, { 'x-ibm-configuration': [] }])(
    '%j is read without an error',
    document => expect(() => compiled(document as ApiDocument)).not.toThrow(),
  );
});
