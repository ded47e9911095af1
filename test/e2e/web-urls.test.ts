import { describe, expect, test } from 'vitest';
import { defaultText, entity, http as httpText, action as text } from '../../src/messages.js';
import { basic, ECHO, overBothDrivers, SCRIPTED } from '../support/web.js';

const NOT_FOUND = defaultText[404];
const PRETTY_ERROR = /^\{\n {2}"error": ".*",\n {2}"code": "\w{32}"\n\}$/;

overBothDrivers(
  'web actions: URLs and checks',
  async server => {
    await server.web('echo', ECHO);
    await server.web('pkg/echo', ECHO, { final: true }, [
      { key: 'fixed', value: 'yes' },
      { key: 'free', value: null },
    ]);
    await server.web('foo.bar', ECHO);
    await server.web('an action', ECHO);
    await server.web('raw', ECHO, { 'raw-http': true, final: true }, [{ key: 'fixed', value: 'yes' }]);
    await server.web('own-options', ECHO, { 'web-custom-options': true, 'require-whisk-auth': true });
    await server.web('secret', ECHO, { 'require-whisk-auth': 's3cret' });
    await server.web('number', ECHO, { 'require-whisk-auth': 1234 });
    await server.web('users', ECHO, { 'require-whisk-auth': true });
    await server.web('open', ECHO, { 'require-whisk-auth': false });
    await server.web('never', ECHO, { 'require-whisk-auth': { any: 'thing' } });
    await server.web('empty-secret', ECHO, { 'require-whisk-auth': '' });
    await server.web('hidden', ECHO, { 'web-export': false });
    await server.web('text-true', ECHO, { 'web-export': 'true' });
    await server.web('scripted', SCRIPTED);
    await server.web('pass', 'function main(args) { return args }');
    await server.rest.put('_/actions/twice', {
      exec: { kind: 'sequence', components: ['/_/pass', '/_/echo'] },
      annotations: [{ key: 'web-export', value: true }],
    });
    await server.rest.put('_/packages/bound', {
      binding: { namespace: '_', name: 'pkg' },
      parameters: [{ key: 'from', value: 'binding' }],
    });
  },
  server => {
    describe('4.1 the URL', () => {
      test.each(['GET', 'DELETE', 'POST', 'PUT', 'PATCH'])('verb %s', async method => {
        const { status, json } = await server().call('guest/default/echo.json', { method });
        expect([status, json.body.__ow_method]).toEqual([200, method.toLowerCase()]);
      });

      test('extensions: none is .http; an unknown one is part of the name; case counts', async () => {
        const { call } = server();
        expect((await call('guest/default/echo')).json).toMatchObject({ __ow_method: 'get' });
        expect((await call('guest/default/echo.http')).json).toMatchObject({ __ow_method: 'get' });
        expect((await call('guest/default/foo.bar')).status).toBe(200);
        expect((await call('guest/default/foo.bar.json')).json.body.__ow_path).toBe('');
        expect((await call('guest/default/echo.xml')).status).toBe(404);
        expect((await call('guest/default/echo.JSON')).status).toBe(404);
      });

      test('the rest is the path, escapes left as sent; only the action’s segment has an extension', async () => {
        const { call } = server();
        const path = async (url: string) => (await call(url)).json.__ow_path;
        expect(await path('guest/default/echo')).toBe('');
        expect(await path('guest/default/echo/')).toBe('/');
        expect(await path('guest/default/echo/a%20b/%2F//c')).toBe('/a%20b/%2F//c');
        expect(await path('guest/default/echo/p.json')).toBe('/p.json');
        expect((await call('guest/default/echo.json/a/b')).json.body.__ow_path).toBe('/a/b');
      });

      test('names are decoded', async () => {
        expect((await server().call('guest/default/an%20action')).status).toBe(200);
      });

      test('`_` is never the caller’s namespace', async () => {
        const { call, auth } = server();
        const reply = await call('_/default/echo', { headers: basic(auth) });
        expect([reply.status, reply.json.error]).toEqual([404, NOT_FOUND]);
      });

      test('credentials: valid ones name the user, invalid ones are nobody’s', async () => {
        const { call, auth } = server();
        const user = async (headers: Record<string, string>) => (await call('guest/default/echo', { headers })).json;
        expect((await user(basic(auth))).__ow_user).toBe('guest');
        for (const headers of [{}, basic(`${auth}x`), basic('nobody'), { authorization: 'Bearer x' }]) {
          expect(await user(headers)).not.toHaveProperty('__ow_user');
        }
      });

      test.each(['guest', 'guest/default', 'guest/default/', 'guest/default/%24x'])(
        'too short or no name: %s is no web route',
        async path => {
          const { call, auth } = server();
          expect([(await call(path)).status, (await call(path)).json.error]).toEqual([401, httpText.authMissing]);
          const known = await call(path, { headers: basic(auth) });
          expect([known.status, known.json.error]).toEqual([404, httpText.noRoute]);
        },
      );

      test('a sequence', async () => {
        const reply = await server().call('guest/default/twice?n=1');
        expect(reply.json.__ow_path).toBe('');
        expect(reply.json.n).toBe('1');
      });

      test('packages and bindings', async () => {
        const { call } = server();
        expect((await call('guest/pkg/echo')).json).toMatchObject({ fixed: 'yes', free: null });
        expect((await call('guest/bound/echo')).json).toMatchObject({ fixed: 'yes', from: 'binding' });
      });
    });

    describe('4.2 checks', () => {
      test.each([
        'nobody/default/echo',
        'guest/none/echo',
        'guest/default/none',
        'guest/default/hidden',
        'guest/default/text-true',
        'guest/pkg/echo2',
      ])('1. %s: 404, pretty, without CORS', async path => {
        const reply = await server().call(path);
        expect([reply.status, reply.json.error]).toEqual([404, NOT_FOUND]);
        expect(reply.text).toMatch(PRETTY_ERROR);
        expect(reply.json.code).toBe(reply.headers['x-request-id']);
        expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
        expect(reply.headers).not.toHaveProperty('x-openwhisk-activation-id');
      });

      test('3. a body over the owner’s limit: 413, without CORS; in chunks too', async () => {
        const { call } = server();
        const body = Buffer.alloc(1024 * 1024 + 1, 'x');
        const headers = { 'content-type': 'text/plain' };
        for (const chunked of [false, true]) {
          const reply = await call('guest/default/echo', { method: 'POST', headers, body, chunked });
          expect([reply.status, reply.json.error]).toEqual([413, entity.requestTooLarge(body.length, 1024 * 1024)]);
          if (!chunked) expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
        }
      });

      test('4. OPTIONS is answered without the action, whatever it requires', async () => {
        const { call } = server();
        for (const action of ['echo', 'secret', 'never']) {
          const reply = await call(`guest/default/${action}`, {
            method: 'OPTIONS',
            headers: { 'access-control-request-headers': 'x-custom' },
          });
          expect([reply.status, reply.text]).toEqual([200, '']);
          expect(reply.headers).toMatchObject({
            'access-control-allow-origin': '*',
            'access-control-allow-methods': 'OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH',
            'access-control-allow-headers': 'x-custom',
          });
          expect(reply.headers).not.toHaveProperty('x-openwhisk-activation-id');
        }
      });

      test('4. with web-custom-options it is an ordinary call, and no CORS header is added to any', async () => {
        const { call, auth } = server();
        const options = await call('guest/default/own-options', { method: 'OPTIONS' });
        expect([options.status, options.json.__ow_method]).toEqual([200, 'options']);
        const get = await call('guest/default/own-options', { headers: basic(auth) });
        expect(get.status).toBe(200);
        for (const reply of [options, get]) expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
      });

      test('6. malformed JSON: 400, compact, without CORS', async () => {
        const reply = await server().call('guest/default/echo', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{bad',
        });
        expect(reply.status).toBe(400);
        expect(reply.json.error).toMatch(/^The request content was malformed:\nUnexpected character 'b'/);
        expect(reply.text).not.toContain('\n  ');
        expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
      });

      test.each(['__ow_method', '__ow_headers', '__ow_path', '__ow_user', '__ow_query', '__ow_body', 'fixed'])(
        '7. %s in query or body: 400 with CORS; a raw action does not mind',
        async key => {
          const { call } = server();
          const body = JSON.stringify({ [key]: 1 });
          const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
          for (const reply of [await call(`guest/pkg/echo?${key}=1`), await call('guest/pkg/echo', post)]) {
            expect([reply.status, reply.json.error]).toEqual([400, text.reservedProperties]);
            expect(reply.text).toMatch(PRETTY_ERROR);
            expect(reply.headers['access-control-allow-origin']).toBe('*');
          }
          expect((await call(`guest/default/raw?${key}=1`)).status).toBe(200);
          expect((await call('guest/default/raw', post)).status).toBe(200);
        },
      );

      test('7. a final parameter whose value is null may be given', async () => {
        expect((await server().call('guest/pkg/echo?free=mine')).json).toMatchObject({ free: 'mine' });
      });
    });

    describe('4.3 require-whisk-auth', () => {
      const SECRET = 'x-require-whisk-auth';
      test.each<[string, Record<string, string>, number]>([
        ['open', {}, 200],
        ['users', {}, 401],
        ['users', { [SECRET]: 'true' }, 401],
        ['secret', {}, 401],
        ['secret', { [SECRET]: 's3cre' }, 401],
        ['secret', { [SECRET]: 's3cret' }, 200],
        ['number', { [SECRET]: '1234' }, 200],
        ['number', { [SECRET]: '12345' }, 401],
        ['never', { [SECRET]: '[object Object]' }, 401],
        ['empty-secret', { [SECRET]: '' }, 401],
        ['own-options', {}, 401],
      ])('%s with %j: %i', async (action, headers, status) => {
        const reply = await server().call(`guest/default/${action}`, { headers });
        expect(reply.status).toBe(status);
        if (status === 200) return;
        expect(reply.json.error).toBe(defaultText[401]);
        expect(reply.text).toMatch(PRETTY_ERROR);
        expect(reply.headers).not.toHaveProperty('www-authenticate');
      });

      test('true lets any user in; never lets nobody', async () => {
        const { call, auth } = server();
        expect((await call('guest/default/users', { headers: basic(auth) })).status).toBe(200);
        expect((await call('guest/default/never', { headers: basic(auth) })).status).toBe(401);
      });

      test('the secret is passed on', async () => {
        const reply = await server().call('guest/default/secret', { headers: { [SECRET]: 's3cret' } });
        expect(reply.json.__ow_headers[SECRET]).toBe('s3cret');
      });
    });

    test('WebSockets: a clear 400', async () => {
      const reply = await server().call('guest/default/echo', {
        headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
      });
      expect([reply.status, reply.json.error]).toEqual([400, expect.stringContaining('WebSockets are not supported')]);
    });
  },
);
