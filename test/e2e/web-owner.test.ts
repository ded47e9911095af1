import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entity } from '../../src/messages.js';
import { http } from '../support/http.js';
import { restClient } from '../support/rest.js';
import { ECHO, overBothDrivers } from '../support/web.js';

const OTHER = `11111111-2222-3333-4444-555555555555:${'k'.repeat(64)}`;

/** A users file with a second namespace, `other`. */
const usersFile = async (): Promise<string> => {
  const file = join(await mkdtemp(join(tmpdir(), 'mw-users-')), 'users.json');
  const [uuid, key] = OTHER.split(':');
  await writeFile(file, JSON.stringify([{ subject: 'other', namespaces: [{ name: 'other', uuid, key }] }]));
  return file;
};

let users: string;
beforeAll(async () => {
  users = await usersFile();
});
afterAll(() => rm(join(users, '..'), { recursive: true }));

overBothDrivers(
  '4.2 the owner’s rights and throttles',
  server => server.web('echo', ECHO),
  server => {
    test('2. a binding whose provider is not shared any more: 403, without CORS', async () => {
      const other = restClient(server().url, OTHER);
      await other.put('_/packages/shared', { publish: true });
      await other.action('shared/act', ECHO, { annotations: [{ key: 'web-export', value: true }] });
      await server().rest.put('_/packages/bound', { binding: { namespace: 'other', name: 'shared' } });
      expect((await server().call('guest/bound/act')).status).toBe(200);
      await other.put('_/packages/shared?overwrite=true', { publish: false });
      const refused = await server().call('guest/bound/act');
      expect([refused.status, refused.json.error]).toEqual([403, entity.forbidden('other/shared')]);
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
    });

    test('2. calls count against the owner, whoever calls: 429, without CORS', async () => {
      // Of so many calls in a row more than 60 fall into one minute, wherever it begins.
      for (let i = 0; i < 125; i++) {
        const reply = await server().call('guest/default/echo');
        if (reply.status === 200) continue;
        expect([reply.status, reply.json.error]).toEqual([
          429,
          expect.stringMatching(/^Too many requests in the last minute \(count: 6\d, allowed: 60\)\.$/),
        ]);
        expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
        expect(reply.text).toContain('\n  "');
        return;
      }
      expect.unreachable('never throttled');
    });
  },
  () => ({ limits: 'openwhisk', users }),
);

overBothDrivers(
  '4.7 vanity hosts',
  async server => {
    await server.web('public/index', 'function main(args) { return { html: "<h1>front</h1>" } }');
    await server.web('pkg/echo', ECHO);
  },
  server => {
    const at = (host: string, path: string, headers = {}) =>
      http(`${server().url}${path}`, { headers: { host, ...headers } });

    test('/ is public/index as HTML', async () => {
      const reply = await at('guest.localhost:3233', '/');
      expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([
        200,
        'text/html; charset=UTF-8',
        '<h1>front</h1>',
      ]);
    });

    test('/PACKAGE/ACTION is the web action, with its path and query', async () => {
      const reply = await at('guest.localhost', '/pkg/echo.json/more?a=1');
      expect(reply.json.body).toMatchObject({ __ow_path: '/more', a: '1', __ow_headers: { host: 'guest.localhost' } });
    });

    test.each(['/api/v1', '/api/v1/namespaces', '/x', '/ping'])(
      '%s is nothing there: no API, no prompt',
      async path => {
        const reply = await at('guest.localhost', path);
        expect([reply.status, reply.headers['www-authenticate']]).toEqual([404, undefined]);
      },
    );

    test('another namespace’s host does not have it', async () => {
      expect((await at('nobody.localhost', '/pkg/echo')).status).toBe(404);
    });

    test('X-Forwarded-Host makes no vanity host unless its sender is trusted', async () => {
      const reply = await at('localhost', '/', { 'x-forwarded-host': 'guest.localhost' });
      expect(reply.json.description).toBe('OpenWhisk');
    });
  },
);

overBothDrivers(
  '4.7 behind a proxy named by --trust-proxy',
  server => server.web('public/index', 'function main() { return { html: "front" } }'),
  server => {
    test('its X-Forwarded-Host counts', async () => {
      const reply = await http(`${server().url}/`, { headers: { 'x-forwarded-host': 'guest.localhost' } });
      expect(reply.text).toBe('front');
    });
  },
  () => ({ trustProxy: '127.0.0.0/8' }),
);
