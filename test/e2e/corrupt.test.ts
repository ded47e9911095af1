import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { entity } from '../../src/messages.js';
import { openSqlite } from '../../src/store/binding.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Documents that cannot be decoded: 500 with OpenWhisk's text, and nothing else suffers. */
let server: TestServer;
let rest: Rest;
const CODE = { exec: { kind: 'nodejs:20', code: 'x' } };

beforeAll(async () => {
  server = await startTestServer();
  rest = restClient(server.url, server.auth);
  await rest.put('_/actions/bad', CODE);
  await rest.put('_/triggers/bad-t', {});
  await rest.put('_/packages/bad-p', {});
  await rest.put('_/actions/bad-p/a', CODE);
  await rest.put('_/actions/good', CODE);
  await rest.put('_/triggers/good-t', {});
  await rest.put('_/rules/bad-r', { trigger: '/_/good-t', action: '/_/good' });
  const db = openSqlite(join(server.dataDir, 'miniwhisk.db'));
  for (const name of ['bad', 'bad-t', 'bad-p', 'bad-r']) {
    db.prepare('UPDATE entity SET doc = ? WHERE path = ?').run('{"type":', `guest/${name}`);
  }
  db.close();
  // What was read before is kept in memory until the server sees that the file changed.
  for (const path of ['actions/bad', 'triggers/bad-t', 'packages/bad-p', 'rules/bad-r']) {
    await eventually(async () => ((await rest.get(`_/${path}`)).status === 500 ? true : undefined));
  }
});
afterAll(() => server[Symbol.asyncDispose]());

const corrupt = (reply: Reply, status = 500): void => {
  expect([reply.status, reply.json.error]).toEqual([status, entity.corrupt]);
};

it.each(['actions/bad', 'triggers/bad-t', 'packages/bad-p', 'rules/bad-r', 'actions/bad-p/a'])('%s', async path => {
  corrupt(await rest.get(`_/${path}`));
  corrupt(await rest.put(`_/${path}?overwrite=true`, path.startsWith('rules') ? {} : CODE));
  corrupt(await rest.delete(`_/${path}`));
});

it('a rule that names one is refused', async () => {
  const rule = (trigger: string, action: string): Promise<Reply> => rest.put('_/rules/new', { trigger, action });
  corrupt(await rule('/_/bad-t', '/_/bad'), 400);
  corrupt(await rule('/_/good-t', '/_/bad'), 400);
  corrupt(await rule('/_/bad-t', '/_/good'), 400);
});

it('the others are as they were', async () => {
  expect((await rest.get('_/actions/good')).status).toBe(200);
  expect((await rest.put('_/triggers/good-t?overwrite=true', {})).status).toBe(200);
  corrupt(await rest.post('_/actions/bad', {}));
  corrupt(await rest.post('_/triggers/bad-t', {}));
});
