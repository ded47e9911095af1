import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gateway as text } from '../../src/messages.js';
import { basic, type HttpOptions, type HttpReply, http } from '../support/http.js';
import { ECHO, overBothDrivers, webServer } from '../support/web.js';

const COUNT = 'let n = 0; function main() { return { body: { n: ++n } } }';

/** A document with one operation, GET /p, of the action `echo`. */
const document = (basePath: string, extra: object = {}, action = 'echo', operation: object = {}) => ({
  swagger: '2.0',
  info: { title: basePath, version: '1.0' },
  basePath,
  paths: { '/p': { get: { operationId: 'getP', ...operation } } },
  'x-gateway-configuration': {
    assembly: {
      execute: [{ invoke: { 'target-url': `http://any/api/v1/web/guest/default/${action}.http`, verb: 'keep' } }],
    },
  },
  ...extra,
});

overBothDrivers(
  'gateway policies',
  async server => {
    await server.web('echo', ECHO);
    await server.web('count', COUNT);
  },
  server => {
    const uuid = (): string => server().auth.split(':')[0] as string;

    /** The v2 management interface, as the guest unless said otherwise. */
    const v2 = (
      method: string,
      path: string,
      body?: unknown,
      auth: string | null = server().auth,
    ): Promise<HttpReply> =>
      http(`${server().url}/v2/${path}`, {
        method,
        headers: auth === null ? {} : basic(auth),
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });

    const call = (path: string, options?: HttpOptions) => http(`${server().url}/api/${uuid()}${path}`, options);

    const create = async (...args: Parameters<typeof document>): Promise<string> =>
      (await v2('POST', `${uuid()}/apis`, document(...args))).json.artifact_id;

    describe('6.4 v2 management', () => {
      test('create, get, list, update, delete', async () => {
        const created = await v2('POST', `${uuid()}/apis`, document('/v2'));
        const id = created.json.artifact_id;
        expect(created.status).toBe(200);
        expect(created.json).toEqual({
          artifact_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          managed_url: `${server().url}/api/${uuid()}/v2`,
          open_api_doc: document('/v2'),
        });
        expect((await v2('GET', `${uuid()}/apis/${id}`)).json).toEqual(created.json);
        expect((await v2('GET', `${uuid()}/apis`)).json).toEqual([created.json]);
        expect((await v2('GET', `${uuid()}/apis?basePath=%2Fnone`)).json).toEqual([]);
        const updated = await v2('PUT', `${uuid()}/apis/${id}`, document('/v2b'));
        expect(updated.json).toMatchObject({ artifact_id: id, managed_url: `${server().url}/api/${uuid()}/v2b` });
        expect([(await call('/v2/p')).status, (await call('/v2b/p')).status]).toEqual([404, 200]);
        const gone = await v2('DELETE', `${uuid()}/apis/${id}`);
        expect([gone.status, gone.text]).toEqual([204, '']);
        expect((await v2('GET', `${uuid()}/apis/${id}`)).json).toEqual({
          status: 404,
          message: text.error(text.unknownApi(id)),
        });
      });

      test.each<[string, string, unknown, number, string]>([
        ['POST', 'apis', '', 400, text.missingBody],
        ['POST', 'apis', '{', 400, text.badBody],
        ['POST', 'apis', { basePath: '/x', paths: {} }, 400, text.missingField('name')],
        ['DELETE', 'apis', undefined, 400, text.missingId],
        ['PATCH', 'apis', undefined, 400, text.invalidVerb],
        ['POST', 'subscriptions', { artifact_id: 'x' }, 400, text.missingMember('client_id')],
        ['POST', 'subscriptions', { client_id: 'x' }, 400, text.missingMember('artifact_id')],
        ['GET', 'subscriptions', undefined, 400, text.missingArtifact],
        ['DELETE', 'subscriptions', undefined, 400, text.missingClientId],
      ])('%s %s with %j: %i', async (method, path, body, status, message) => {
        const reply = await v2(method, `${uuid()}/${path}`, body);
        expect([reply.status, reply.json]).toEqual([status, { status, message: text.error(message) }]);
      });

      test('only for the tenant’s owner', async () => {
        expect((await v2('GET', `${uuid()}/apis`, undefined, null)).status).toBe(401);
        expect((await v2('GET', `${uuid()}/apis`, undefined, `${server().auth}x`)).status).toBe(401);
        expect((await v2('GET', `${uuid().replace('2', '3')}/apis`)).status).toBe(403);
      });
    });

    describe('6.4 keys and subscriptions', () => {
      const apiKey = { type: 'apiKey', name: 'X-Api-Key', in: 'header' };

      test('an API key: none, a wrong one, a subscribed one, and after it was taken back', async () => {
        const id = await create('/keyed', { securityDefinitions: { client_id: apiKey } });
        const status = async (headers = {}) => (await call('/keyed/p', { headers })).status;
        expect((await call('/keyed/p')).json).toEqual({ status: 401, message: 'Error: Unauthorized' });
        expect(await status({ 'x-api-key': 'mine' })).toBe(401);
        const subscribed = await v2('POST', `${uuid()}/subscriptions`, { client_id: 'mine', artifact_id: id });
        expect(subscribed.json).toEqual({ message: `Subscription 'mine' created for API '${id}'` });
        expect(await status({ 'x-api-key': 'mine' })).toBe(200);
        expect(await status({ 'x-api-key': 'Mine' })).toBe(401);
        expect((await v2('GET', `${uuid()}/subscriptions?artifact_id=${id}`)).json).toEqual(['mine']);
        expect((await v2('DELETE', `${uuid()}/subscriptions/mine?artifact_id=${id}`)).status).toBe(204);
        expect((await v2('DELETE', `${uuid()}/subscriptions/mine?artifact_id=${id}`)).status).toBe(404);
        expect(await status({ 'x-api-key': 'mine' })).toBe(401);
      });

      test('an id and its secret', async () => {
        const definitions = { client_id: { ...apiKey, name: 'X-Id' }, client_secret: { ...apiKey, name: 'X-Secret' } };
        const id = await create('/secret', { securityDefinitions: definitions });
        await v2('PUT', `${uuid()}/subscriptions`, { client_id: 'me', client_secret: 's', artifact_id: id });
        const message = async (headers = {}) => (await call('/secret/p', { headers })).json.message;
        expect(await message()).toBe('Error: X-Id required');
        expect(await message({ 'x-id': 'me' })).toBe('Error: X-Secret required');
        expect(await message({ 'x-id': 'me', 'x-secret': 'x' })).toBe(text.error(text.secretMismatch));
        expect((await call('/secret/p', { headers: { 'x-id': 'me', 'x-secret': 's' } })).status).toBe(200);
      });
    });

    test('OAuth2: 501, there is no identity provider to ask', async () => {
      await create('/oauth', { securityDefinitions: { o: { type: 'oauth2' } } });
      const { status, json } = await call('/oauth/p');
      expect([status, json]).toEqual([501, { status, message: text.error(text.noOauth) }]);
    });

    describe('6.4 rate limits', () => {
      const rate = { 'x-gateway-rate-limit': [{ unit: 'hour', units: 1, rate: 1 }] };

      test('spaced: the second call within interval / rate is 429', async () => {
        await create('/slow', rate);
        expect((await call('/slow/p')).status).toBe(200);
        const refused = await call('/slow/p');
        expect([refused.status, refused.json]).toEqual([429, { status: 429, message: 'Error: Rate limit exceeded' }]);
      });

      test('each key has its own', async () => {
        const id = await create('/each', {
          ...rate,
          securityDefinitions: { client_id: { type: 'apiKey', name: 'k' } },
        });
        for (const client of ['a', 'b'])
          await v2('POST', `${uuid()}/subscriptions`, { client_id: client, artifact_id: id });
        const status = async (k: string) => (await call('/each/p', { headers: { k } })).status;
        expect([await status('a'), await status('a'), await status('b'), await status('x')]).toEqual([
          200, 429, 200, 401,
        ]);
      });
    });

    describe('x-miniwhisk-cache', () => {
      test('replies are kept by path, query and what vary names', async () => {
        await create('/kept', {}, 'count', { 'x-miniwhisk-cache': { ttl: 3600, vary: ['x-lang'] } });
        const get = async (path: string, headers = {}) => {
          const reply = await call(`/kept/p${path}`, { headers });
          return [reply.headers['x-cache'], reply.json.n] as const;
        };
        const [mark, n] = await get('');
        expect(mark).toBe('MISS');
        expect(await get('')).toEqual(['HIT', n]);
        expect((await get('?a=1'))[0]).toBe('MISS');
        expect((await get('', { 'x-lang': 'de' }))[0]).toBe('MISS');
        expect((await get('', { cookie: 'a=b' }))[0]).toBe('BYPASS');
        const hit = await call('/kept/p');
        expect(hit.headers).toHaveProperty('age');
        expect(hit.headers).not.toHaveProperty('x-openwhisk-activation-id');
      });

      test('what one may read for its secret is no one else’s', async () => {
        await server().web('guarded', COUNT, { 'require-whisk-auth': 's3cret' });
        await create('/guarded', {}, 'guarded', { 'x-miniwhisk-cache': { ttl: 3600 } });
        const get = async (headers = {}) => {
          const reply = await call('/guarded/p', { headers });
          return [reply.status, reply.headers['x-cache']];
        };
        const secret = { 'x-require-whisk-auth': 's3cret' };
        expect([await get(), await get(secret), await get(secret), await get()]).toEqual([
          [401, 'MISS'],
          [200, 'MISS'],
          [200, 'HIT'],
          [401, 'MISS'],
        ]);
      });

      test('a request with a body is answered anew', async () => {
        await create('/body', {}, 'count', { 'x-miniwhisk-cache': { ttl: 3600 } });
        const mark = async (options: HttpOptions) => (await call('/body/p', options)).headers['x-cache'];
        const body = '{"a":1}';
        const headers = { 'transfer-encoding': 'chunked' };
        expect([await mark({ body }), await mark({ body, headers, chunked: true }), await mark({})]).toEqual([
          'BYPASS',
          'BYPASS',
          'MISS',
        ]);
      });

      test('a changed API forgets them', async () => {
        const kept = () => document('/changed', {}, 'count', { 'x-miniwhisk-cache': { ttl: 3600 } });
        const id = (await v2('POST', `${uuid()}/apis`, kept())).json.artifact_id;
        await call('/changed/p');
        expect((await call('/changed/p')).headers['x-cache']).toBe('HIT');
        await v2('PUT', `${uuid()}/apis/${id}`, kept());
        expect((await call('/changed/p')).headers['x-cache']).toBe('MISS');
      });
    });

    describe('targets', () => {
      test('an operation without a web action: 502 that says so', async () => {
        await create('/elsewhere', {
          'x-gateway-configuration': {
            assembly: { execute: [{ invoke: { 'target-url': 'http://h/else', verb: 'keep' } }] },
          },
        });
        expect((await call('/elsewhere/p')).json).toEqual({
          status: 502,
          message: text.error(text.badTarget('http://h/else')),
        });
      });

      test('WebSockets: a clear 400', async () => {
        const headers = { connection: 'Upgrade', upgrade: 'websocket' };
        expect((await call('/any/p', { headers })).json).toEqual({
          status: 400,
          message: expect.stringContaining('WebSockets are not supported'),
        });
      });
    });
  },
);

test('--api-gw-port: APIs on a port of their own, named in their URLs; nothing else there', async () => {
  await using own = await webServer({ apiGwPort: 0 });
  await own.web('echo', ECHO);
  const tenant = own.auth.split(':')[0];
  const created = await http(`${own.url}/v2/${tenant}/apis`, {
    method: 'POST',
    headers: basic(own.auth),
    body: JSON.stringify(document('/b')),
  });
  const { managed_url: managed } = created.json;
  expect(new URL(managed).port).not.toBe(new URL(own.url).port);
  expect((await http(`${managed}/p`)).status).toBe(200);
  expect((await http(`${own.url}/api/${tenant}/b/p`)).status).toBe(200);
  const elsewhere = await http(`${new URL(managed).origin}/api/v1/namespaces`, { headers: basic(own.auth) });
  expect([elsewhere.status, elsewhere.json.message]).toEqual([404, 'Error: Not found.']);
});

test('APIs and subscriptions are there after a restart', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mw-gateway-'));
  const first = await webServer({ dataDir });
  await first.web('echo', ECHO);
  const tenant = first.auth.split(':')[0];
  const keyed = document('/b', { securityDefinitions: { client_id: { type: 'apiKey', name: 'k' } } });
  const post = (path: string, body: object) =>
    http(`${first.url}/v2/${tenant}/${path}`, {
      method: 'POST',
      headers: basic(first.auth),
      body: JSON.stringify(body),
    });
  const { artifact_id: id } = (await post('apis', keyed)).json;
  await post('subscriptions', { client_id: 'me', artifact_id: id });
  await first.stop();
  const second = await webServer({ dataDir });
  const reply = await http(`${second.url}/api/${tenant}/b/p`, { headers: { k: 'me' } });
  await second.stop();
  await rm(dataDir, { recursive: true });
  expect(reply.status).toBe(200);
});
