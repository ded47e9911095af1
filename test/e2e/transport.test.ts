import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity, http as text } from '../../src/messages.js';
import { basic, type HttpReply, http } from '../support/http.js';
import { type TestServer, targetServer } from '../support/server.js';

/** What happens before any resource is reached (OPENWHISK.md 1.1 to 1.6). */
let server: TestServer;
let api: string;
let me: Record<string, string>;
beforeAll(async () => {
  server = await targetServer();
  api = `${server.url}/api/v1/namespaces`;
  me = basic(server.auth);
});
afterAll(() => server[Symbol.asyncDispose]());

const MB = 1024 * 1024;
const json = { 'content-type': 'application/json' };

describe('refused before routing, as plain text, nobody asked who', () => {
  const plain = (reply: HttpReply, status: number, body: string | RegExp): void => {
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'text/plain; charset=UTF-8']);
    expect(reply.text).toMatch(body);
    expect(reply.headers).not.toHaveProperty('x-request-id');
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
  };

  it.each([8193, 20_000, 60_000])('a URI of %i characters', async length => {
    const uri = `/api/v1/${'x'.repeat(length - 8)}`;
    plain(await http(`${server.url}${uri}`), 414, text.uriTooLong);
  });

  it('a URI of a web action that is too long, in the words of what stands before OpenWhisk as well', async () => {
    const reply = await http(`${server.url}/api/v1/web/guest/default/x.json?a=${'x'.repeat(8192)}`);
    plain(reply, 414, `414 Request-URI Too Large: ${text.uriTooLong}`);
  });

  it('a URI of 8192 characters is not too long', async () => {
    const reply = await http(`${server.url}/api/v1/${'x'.repeat(8192 - 8)}`, { headers: me });
    expect([reply.status, reply.json.error]).toEqual([404, text.noRoute]);
  });

  it.each(['{', '}', '[', '"', '<', '%zz', '%2', '%', '|', '\\', '^', '`'])('a target with %s', async what => {
    plain(await http(`${server.url}/api/v1/${what}`), 400, /^Illegal request-target: /);
  });

  it('a target with a user that is no text', async () => {
    const reply = await http(`${server.url}/`, { target: 'http://a%ff@host/api/v1/namespaces' });
    plain(reply, 400, `Illegal request-target: ${text.unreadableTarget}`);
  });

  it('a body over 50 MB, by its length', async () => {
    const headers = { ...json, 'content-length': String(50 * MB + 1) };
    plain(await http(`${api}/_/actions/x`, { method: 'PUT', headers }), 400, text.bodyTooLarge);
  });
});

describe('bodies', () => {
  it('over 50 MB in chunks are refused once they are', async () => {
    const body = Buffer.alloc(50 * MB + 1, 0x20);
    const reply = await http(`${api}/_/actions/x`, { method: 'PUT', headers: { ...me, ...json }, body, chunked: true });
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(text.bodyTooLarge)]);
  });

  it('in chunks are measured too', async () => {
    const body = JSON.stringify({ x: 'x'.repeat(MB) });
    const headers = { ...me, ...json };
    await http(`${api}/_/actions/tr-echo?overwrite=true`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ exec: { kind: 'nodejs:20', code: 'function main(a) { return a }' } }),
    });
    const reply = await http(`${api}/_/actions/tr-echo`, { method: 'POST', headers, body, chunked: true });
    expect([reply.status, reply.json.error]).toEqual([413, entity.requestTooLarge(body.length, MB)]);
  });

  it.each([
    ['application/json; charset=utf-8', 200],
    ['APPLICATION/JSON', 200],
    ['application/json;charset=UTF-8', 200],
    ['text/json', 415],
    ['application/jsonx', 415],
  ])('of type %s: %i', async (type, status) => {
    const reply = await http(`${api}/_/triggers/tr-t?overwrite=true`, {
      method: 'PUT',
      headers: { ...me, 'content-type': type },
      body: '{}',
    });
    expect(reply.status).toBe(status);
    if (status === 415) expect(reply.json.error).toBe(text.unsupportedType(type));
  });

  it('of no type are octets', async () => {
    const reply = await http(`${api}/_/triggers/tr-t?overwrite=true`, { method: 'PUT', headers: me, body: '{}' });
    expect([reply.status, reply.json.error]).toEqual([415, text.unsupportedType('application/octet-stream')]);
  });

  it('nested too deep are refused, not followed', async () => {
    const body = `{"parameters":[{"key":"a","value":${'['.repeat(2000)}${']'.repeat(2000)}}]}`;
    const reply = await http(`${api}/_/triggers/tr-t?overwrite=true`, {
      method: 'PUT',
      headers: { ...me, ...json },
      body,
    });
    expect([reply.status, reply.json.error]).toEqual([400, text.malformed(text.nestedTooDeeply(1000))]);
  });
});

describe('who asks', () => {
  const ask = (authorization?: string): Promise<HttpReply> =>
    http(api, { headers: authorization === undefined ? {} : { authorization } });
  const encoded = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Bearer x'],
    ['Basic that is no base64', 'Basic !!!'],
    ['Basic alone', 'Basic'],
  ])('%s: no credentials', async (_what, authorization) => {
    const reply = await ask(authorization);
    expect([reply.status, reply.json.error]).toEqual([401, text.authMissing]);
    expect(reply.headers['www-authenticate']).toBe('Basic realm="OpenWhisk secure realm",charset=UTF-8');
  });

  it.each(['abc', ':', 'a:b', 'x:'.repeat(50)])('%s: wrong ones', async credentials => {
    const reply = await ask(encoded(credentials));
    expect([reply.status, reply.json.error]).toEqual([401, text.authInvalid]);
    expect(reply.headers['www-authenticate']).toBe('Basic realm="OpenWhisk secure realm",charset=UTF-8');
  });

  it('a key must match whole', async () => {
    for (const wrong of [server.auth.slice(0, -1), `${server.auth}x`, server.auth.toUpperCase()]) {
      expect((await ask(encoded(wrong))).status).toBe(401);
    }
    expect((await ask(`basic ${Buffer.from(server.auth).toString('base64')}`)).status).toBe(200);
  });
});

describe('open routes', () => {
  it('GET /api/v1 tells of itself', async () => {
    for (const path of ['/api/v1', '/api/v1/']) {
      const { json: info } = await http(`${server.url}${path}`);
      expect(info).toEqual({
        description: 'OpenWhisk API',
        api_version: '1.0.0',
        api_version_path: 'v1',
        build: expect.stringMatching(/^\d{4}-\d\d-\d\d/),
        buildno: expect.any(String),
        swagger_paths: { ui: '/docs', 'api-docs': '/api-docs' },
      });
    }
  });

  it('GET / has limits in ms and bytes, and every runtime', async () => {
    const { json: info } = await http(`${server.url}/`);
    expect(info.description).toBe('OpenWhisk');
    expect(info.support).toEqual({
      github: 'https://github.com/apache/openwhisk/issues',
      slack: 'http://slack.openwhisk.org',
    });
    expect(Object.values(info.limits).every(Number.isInteger)).toBe(true);
    expect(info.limits.min_action_memory).toBe(128 * MB);
    for (const family of Object.values<object[]>(info.runtimes)) {
      for (const runtime of family) {
        expect(Object.keys(runtime).sort()).toEqual([
          'attached',
          'default',
          'deprecated',
          'image',
          'kind',
          'requireMain',
        ]);
      }
      expect(family.filter(r => (r as { default: boolean }).default)).toHaveLength(1);
    }
  });

  it('GET /ping', async () => {
    const reply = await http(`${server.url}/ping`);
    expect([reply.status, reply.text]).toEqual([200, 'pong']);
  });

  it("request ids: the client's own, else 32 characters", async () => {
    const id = async (sent?: string): Promise<unknown> =>
      (await http(api, { headers: { ...me, ...(sent !== undefined && { 'x-request-id': sent }) } })).headers[
        'x-request-id'
      ];
    expect(await id('mine')).toBe('mine');
    for (const sent of [undefined, 'sid_mine', '']) expect(await id(sent)).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  it('a method that no resource has: 404 under the API, 405 elsewhere', async () => {
    const under = await http(`${api}/_/actions/x`, { method: 'PATCH', headers: me });
    expect([under.status, under.json.error]).toEqual([404, text.noRoute]);
    const elsewhere = await http(`${server.url}/nope`);
    expect([elsewhere.status, elsewhere.json.error]).toEqual([405, text.methodNotAllowed('OPTIONS')]);
  });
});
