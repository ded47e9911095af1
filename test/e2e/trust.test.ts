import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http as text } from '../../src/messages.js';
import { launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ allowedHost: 'mine.example', corsOrigin: 'http://friend.example' });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly origin: string | undefined;
}

/** fetch() would not let us choose Host and Origin. */
const send = (path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request(new URL(path, server.url), { method, headers, agent: false }, response => {
      let body = '';
      response.on('data', chunk => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, body, origin: response.headers['access-control-allow-origin'] }),
      );
    });
    call.on('error', reject);
    call.end();
  });

const credentials = () => ({ authorization: `Basic ${Buffer.from(server.auth).toString('base64')}` });

describe('names of the server', () => {
  it('refuses a name that is not its own, whatever the route', async () => {
    for (const path of ['/', '/ping', '/api/v1', '/api/v1/namespaces', '/api/v1/web/guest/default/x.json', '/nope']) {
      const { status, body } = await send(path, { host: 'attacker.example:3233', ...credentials() });
      expect([path, status]).toEqual([path, 403]);
      expect(JSON.parse(body).error).toBe(text.untrustedHost('attacker.example:3233'));
    }
  });
  it('answers to its own', async () => {
    for (const host of ['localhost', '127.0.0.1:1', 'host.docker.internal', 'mine.example'])
      expect((await send('/ping', { host })).status).toBe(200);
  });
});

describe('pages of other origins', () => {
  it('cannot call the server’s own routes', async () => {
    for (const path of ['/', '/ping', '/miniwhisk/v1/ready', '/invokers', '/v2/x'])
      expect([path, (await send(path, { origin: 'http://evil.example' })).status]).toEqual([path, 403]);
    expect((await send('/ping', { origin: 'null' })).status).toBe(403);
    expect((await send('/ping', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
    expect((await send('/ping', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200);
  });
  it('may when allowed, when it is no other, or with credentials of their own', async () => {
    const friend = await send('/ping', { origin: 'http://friend.example' });
    expect([friend.status, friend.origin]).toEqual([200, 'http://friend.example']);
    expect((await send('/ping', { origin: server.url, host: new URL(server.url).host })).status).toBe(200);
    expect((await send('/ping', { origin: 'http://evil.example', ...credentials() })).status).toBe(200);
  });
  it('may call the API as OpenWhisk’s rules have it', async () => {
    const reply = await send('/api/v1/namespaces', { origin: 'http://any.example', ...credentials() });
    expect([reply.status, reply.origin]).toEqual([200, '*']);
    expect((await send('/api/v1/namespaces', { origin: 'http://any.example' })).status).toBe(401);
  });
});

describe('readiness', () => {
  it('says that all is well', async () => {
    const { status, body } = await send('/miniwhisk/v1/ready', {});
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { ready: true, store: { ok: true, waiting: expect.any(Number) }, driver: { ok: true }, journal: { ok: true } },
    ]);
  });
});

describe('keys', () => {
  it('are made once with --auth generate, and kept; the well-known ones are warned of', {
    timeout: 60_000,
  }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mw-keys-'));
    try {
      const args = ['--driver', 'process', '--no-prewarm', '--host', '0.0.0.0', '--data-dir', join(dir, 'data')];
      const known = await launchServer(args);
      expect(known.auth).toBe(server.auth);
      expect((await known.kill('SIGTERM')).stderr).toMatch(/well-known keys.*--auth generate/);
      if (process.platform !== 'win32') expect(statSync(join(dir, 'data')).mode & 0o777).toBe(0o700);
      const made = await launchServer([...args, '--auth', 'generate']);
      expect(made.auth).not.toBe(server.auth);
      expect((await restClient(made.url, server.auth).get('/api/v1/namespaces')).status).toBe(401);
      expect((await restClient(made.url, made.auth).get('/api/v1/namespaces')).json).toEqual(['guest']);
      expect((await made.kill('SIGTERM')).stderr).not.toMatch(/well-known/);
      await using later = await launchServer(args);
      expect(later.auth).toBe(made.auth);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
