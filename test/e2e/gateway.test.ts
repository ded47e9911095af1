import { createRequire } from 'node:module';
import { afterEach, describe, expect, test } from 'vitest';
import { gateway as text } from '../../src/messages.js';
import { basic, type HttpOptions, http } from '../support/http.js';
import { restClient } from '../support/rest.js';
import { ECHO, overBothDrivers } from '../support/web.js';

// biome-ignore lint/suspicious/noExplicitAny: the client has no exact types
type Client = any;
const openwhisk = createRequire(import.meta.url)('openwhisk') as (options: object) => Client;

const ANY = `function main(args) {
  return { json: 1, text: 'as text', svg: '<svg xmlns="http://www.w3.org/2000/svg"/>', html: '<p>as html</p>' };
}`;

overBothDrivers(
  'API gateway, called as clients do',
  async server => {
    await server.web('echo', ECHO);
    await server.web('pkg/any', ANY);
    await server.web('secret', ECHO, { 'require-whisk-auth': 'k3y' });
    await server.web('fails', 'function main() { return { error: { statusCode: 418, body: "teapot" } } }');
  },
  server => {
    const uuid = (): string => server().auth.split(':')[0] as string;
    const client = (): Client => openwhisk({ apihost: server().url, api_key: server().auth, ignore_certs: true });
    const url = (path: string): string => `${server().url}/api/${uuid()}${path}`;
    const call = (path: string, options?: HttpOptions) => http(url(path), options);
    const action = (
      name: string,
      query: Record<string, string> = {},
      body?: unknown,
      auth: string | null = server().auth,
    ) =>
      http(
        `${server().url}/api/v1/web/whisk.system/apimgmt/${name}?${new URLSearchParams({ accesstoken: 'DUMMY TOKEN', spaceguid: uuid(), ...query })}`,
        {
          method: body === undefined ? (name.startsWith('delete') ? 'DELETE' : 'GET') : 'POST',
          headers: { ...(auth !== null && basic(auth)), 'content-type': 'application/json' },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
      );
    const route = (options: object) => client().routes.create({ action: 'echo', operation: 'get', ...options });

    /** What the CLI sends for `wsk api create /base /path get echo`. */
    const apidoc = (extra: object = {}) => ({
      apidoc: {
        namespace: '_',
        gatewayBasePath: '/cli',
        gatewayPath: '/p',
        gatewayMethod: 'GET',
        id: 'API:_:/cli',
        action: {
          name: 'echo',
          namespace: '_',
          backendMethod: 'GET',
          backendUrl: 'https://localhost/api/v1/web/_/default/echo.http',
          authkey: server().auth,
        },
        ...extra,
      },
    });

    afterEach(async () => {
      const { json } = await action('getApi.http');
      for (const { value } of json.apis) await action('deleteApi.http', { basepath: value.apidoc.basePath });
    });

    describe('6.1 management calls', () => {
      test('create, get, list and delete with the npm client', async () => {
        const { routes } = client();
        const created = await route({ basepath: '/npm', relpath: '/hi' });
        expect(created.gwApiUrl).toBe(url('/npm'));
        expect((await routes.get({ basepath: '/npm' })).apis).toHaveLength(1);
        await route({ basepath: '/npm', relpath: '/ho', operation: 'post' });
        await route({ basepath: '/other', relpath: '/hi', name: 'titled' });
        expect((await routes.list()).apis.map((api: Client) => api.value.apidoc.info.title)).toEqual([
          '/npm',
          'titled',
        ]);
        expect((await routes.list({ limit: 1, skip: 1 })).apis).toHaveLength(1);
        expect(await routes.delete({ basepath: '/npm', relpath: '/ho', operation: 'post' })).toEqual({});
        expect(await routes.delete({ basepath: '/npm' })).toEqual({});
        expect((await routes.list()).apis).toHaveLength(1);
      });

      test('as the CLI calls them: .http, `_` for the namespace, all parameters', async () => {
        const created = await action('createApi.http', { responsetype: 'text' }, apidoc());
        expect([created.status, created.headers['content-type']]).toEqual([200, 'application/json']);
        expect(created.text).toMatch(/^\{\n {2}"/);
        expect(created.json.apidoc.paths['/p'].get['x-openwhisk']).toEqual({
          url: 'https://localhost/api/v1/web/guest/default/echo.text',
          namespace: 'guest',
          package: '',
          action: 'echo',
        });
        const query = { basepath: '/cli', relpath: '/nope', operation: 'get', limit: '30', skip: '0' };
        expect((await action('getApi.http', query)).json.apis).toHaveLength(1);
        expect((await action('deleteApi.http', { basepath: '/cli', relpath: '/p', operation: 'GET' })).json).toEqual(
          {},
        );
      });

      test('a Swagger file, as text', async () => {
        const swagger = JSON.stringify({
          swagger: '2.0',
          info: { title: 'From a file', version: '1' },
          basePath: '/file',
          paths: { '/p': { get: { operationId: 'getP', responses: { default: { description: '' } } } } },
          'x-ibm-configuration': {
            assembly: {
              execute: [{ invoke: { 'target-url': 'https://h/api/v1/web/guest/pkg/any.text', verb: 'keep' } }],
            },
            cors: { enabled: true },
          },
        });
        expect((await action('createApi.http', {}, { apidoc: { namespace: '_', swagger } })).json.gwApiUrl).toBe(
          url('/file'),
        );
        expect((await call('/file/p')).text).toBe('as text');
        expect((await action('getApi.http', { basepath: 'From a file' })).json.apis).toHaveLength(1);
      });

      test('invoked by name, as the actions that they are in OpenWhisk', async () => {
        const system = restClient(server().url, server().other as string);
        const invoke = (name: string, args: object) =>
          system.post(`_/actions/apimgmt/${name}?blocking=true&result=true`, {
            __ow_user: 'whisk.system',
            accesstoken: 'AnAccessToken',
            spaceguid: 'ASpaceGuid',
            ...args,
          });
        const created = await invoke('createApi', apidoc());
        expect([created.status, created.json.apidoc.basePath]).toEqual([200, '/cli']);
        const { json } = await invoke('getApi', { basepath: '/cli' });
        expect(json.apis.map((api: Client) => api.value.apidoc.paths['/p'].get['x-openwhisk'].action)).toEqual([
          'echo',
        ]);
        expect((await invoke('deleteApi', {})).json).toEqual({ error: text.basePathMissing });
        expect((await invoke('deleteApi', { basepath: '/cli' })).json).toEqual({});
        expect((await invoke('getApi', { basepath: '/cli' })).json).toEqual({ apis: [] });
        const { json: shown } = await system.get('_/packages/apimgmt');
        expect(shown.actions.map((one: Client) => one.name).sort()).toEqual(['createApi', 'deleteApi', 'getApi']);
      });

      test('.json returns the raw HTTP response', async () => {
        expect((await action('getApi.json')).json).toEqual({
          statusCode: 200,
          headers: { 'Content-Type': 'application/json' },
          body: { apis: [] },
        });
      });
    });

    describe('6.2 responses', () => {
      test('create and get', async () => {
        const { json: created } = await action('createApi.http', {}, apidoc());
        expect(created).toMatchObject({
          namespace: 'Not Used',
          gwApiActivated: true,
          tenantId: 'Not Used',
          gwApiUrl: url('/cli'),
        });
        expect((await action('getApi.http')).json).toEqual({
          apis: [{ id: 'Not Used', key: 'Not Used', value: created }],
        });
        expect((await action('getApi.http', { basepath: '/none' })).json).toEqual({ apis: [] });
      });

      test.each<[string, string, Record<string, string>, unknown]>([
        ['apidoc', 'createApi', {}, {}],
        ['namespace', 'createApi', {}, { apidoc: { gatewayBasePath: '/x' } }],
        ['basepath', 'deleteApi', {}, undefined],
        ['path', 'deleteApi', { basepath: '/x', operation: 'get' }, undefined],
      ])('a missing %s: 502 without a code', async (field, name, query, body) => {
        const message = {
          apidoc: text.apidocMissing,
          namespace: text.apidocField('namespace'),
          basepath: text.basePathMissing,
          path: text.pathMissing,
        }[field];
        const reply = await action(`${name}.http`, query, body);
        expect([reply.status, reply.json]).toEqual([502, { error: message }]);
      });

      test('what is not there', async () => {
        const gone = await action('deleteApi.http', { basepath: '/none' });
        expect(gone.json).toEqual({ error: text.deletionFailed(text.noApi('/none')) });
        await action('createApi.http', {}, apidoc());
        const path = await action('deleteApi.http', { basepath: '/cli', relpath: '/q' });
        expect(path.json.error).toBe(text.deletionFailed(text.noPath('/q')));
        const verb = await action('deleteApi.http', { basepath: '/cli', relpath: '/p', operation: 'POST' });
        expect(verb.json.error).toBe(text.deletionFailed(text.noOperation('/p', 'post')));
      });

      test('without credentials', async () => {
        expect((await action('getApi.http', {}, undefined, null)).json.error).toBe(text.invalidAuth);
        expect((await action('createApi.http', {}, apidoc(), null)).json.error).toBe(text.authRequired);
      });

      test('path parameters need .http', async () => {
        const pathParameters = [{ name: 'id', in: 'path', required: true, type: 'string' }];
        const doc = apidoc({ gatewayPath: '/item/{id}', pathParameters });
        const reply = await action('createApi.http', { responsetype: 'json' }, doc);
        expect(reply.json.error).toBe(text.creationFailed(text.needsHttp));
      });
    });

    describe('6.3 and 6.4 calls', () => {
      test.each<[string, string, RegExp]>([
        ['json', 'application/json', /"json": 1/],
        ['text', 'text/plain; charset=UTF-8', /^as text$/],
        ['svg', 'image/svg+xml', /^<svg/],
        ['html', 'text/html; charset=UTF-8', /^<p>as html<\/p>$/],
      ])('response type %s', async (responsetype, type, body) => {
        await route({ basepath: '/types', relpath: `/${responsetype}`, action: 'pkg/any', responsetype });
        const reply = await call(`/types/${responsetype}`);
        expect([reply.status, reply.headers['content-type']]).toEqual([200, type]);
        expect(reply.text).toMatch(body);
      });

      test('response type http: status and headers of the action’s own', async () => {
        await route({ basepath: '/types', relpath: '/http', action: 'fails', responsetype: 'http' });
        const reply = await call('/types/http');
        expect([reply.status, reply.text]).toEqual([418, 'teapot']);
      });

      test('path parameters arrive in __ow_path, the whole of it', async () => {
        await route({ basepath: '/shop', relpath: '/item/{id}/of/{kind}', responsetype: 'http' });
        const { apis } = await client().routes.list();
        expect(apis[0].value.apidoc.paths['/item/{id}/of/{kind}'].get.parameters).toMatchObject([
          { name: 'id', in: 'path', required: true, type: 'string' },
          { name: 'kind', in: 'path', required: true, type: 'string' },
        ]);
        expect((await call('/shop/item/a%20b/of/c?x=1')).json).toMatchObject({
          __ow_path: '/shop/item/a%20b/of/c',
          x: '1',
        });
        expect((await call('/shop/item//of/c')).status).toBe(404);
      });

      test('a longer path than the route’s: the rest is __ow_path', async () => {
        await route({ basepath: '/deep', relpath: '/p', responsetype: 'json' });
        expect((await call('/deep/p/more/of%20it')).json.body.__ow_path).toBe('/more/of%20it');
        expect((await call('/deep/p/')).json.body.__ow_path).toBe('/');
        expect((await call('/deep/p')).json.body.__ow_path).toBe('');
      });

      test('a secure action gets its key from the gateway, and only from it', async () => {
        await route({ basepath: '/safe', relpath: '/p', action: 'secret', secure_key: 'k3y', responsetype: 'http' });
        await route({ basepath: '/safe', relpath: '/q', action: 'secret', secure_key: 'wrong', responsetype: 'http' });
        expect((await call('/safe/p')).status).toBe(200);
        expect((await call('/safe/q')).status).toBe(401);
        expect((await call('/safe/p', { headers: { 'x-require-whisk-auth': 'other' } })).status).toBe(200);
      });

      test('unknown paths: 404 without CORS; a wrong verb: 404 with it', async () => {
        await route({ basepath: '/b', relpath: '/p' });
        for (const path of ['/b/none', '/none', '/b']) {
          const reply = await call(path);
          expect([reply.status, reply.text]).toEqual([404, '{"status":404,"message":"Error: Not found."}']);
          expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
          expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
        }
        const verb = await call('/b/p', { method: 'POST' });
        expect([verb.status, verb.json]).toEqual([404, { status: 404, message: 'Error: Whoops. Verb not supported.' }]);
        expect(verb.headers['access-control-allow-origin']).toBe('*');
        expect((await http(`${server().url}/api/nobody/b/p`)).json.message).toBe('Error: Not found.');
      });

      test('CORS: preflight and calls', async () => {
        await route({ basepath: '/b', relpath: '/p' });
        const headers = { origin: 'http://page.example', 'access-control-request-headers': 'x-custom' };
        const preflight = await call('/b/p', { method: 'OPTIONS', headers });
        expect([preflight.status, preflight.text]).toEqual([200, '']);
        expect(preflight.headers).toMatchObject({
          'access-control-allow-origin': 'http://page.example',
          'access-control-allow-methods': 'GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS',
          'access-control-allow-credentials': 'true',
          'access-control-allow-headers': 'x-custom',
        });
        const reply = await call('/b/p', { headers });
        expect(reply.rawHeaders.filter(name => /^access-control-allow-origin$/i.test(name))).toHaveLength(1);
        expect(reply.headers['access-control-allow-origin']).toBe('http://page.example');
      });

      test('what the gateway adds to the request', async () => {
        await route({ basepath: '/b', relpath: '/p' });
        const reply = await call('/b/p?x=1', {
          headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' },
        });
        const port = new URL(server().url).port;
        expect(reply.json.body.__ow_headers).toMatchObject({
          'x-forwarded-url': `${url('/b/p')}?x=1`,
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': '127.0.0.1',
          'x-forwarded-port': port,
          'x-forwarded-proto': 'http',
          'x-real-ip': '127.0.0.1',
          'x-request-id': reply.headers['x-request-id'],
        });
      });
    });
  },
);
