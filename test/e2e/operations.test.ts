import { afterAll, beforeAll, expect, it } from 'vitest';
import { http } from '../../src/messages.js';
import { type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let rest: Rest;
beforeAll(async () => {
  server = await startTestServer();
  rest = restClient(server.url, server.auth);
});
afterAll(() => server[Symbol.asyncDispose]());

it("answers OpenWhisk's questions about invokers as a lean controller does", async () => {
  const ask = async (path: string) => {
    const { status, json } = await rest.get(path, { auth: null });
    return [status, json];
  };
  expect(await ask('/invokers')).toEqual([200, {}]);
  expect(await ask('/invokers/healthy/count')).toEqual([200, 0]);
  expect(await ask('/invokers/ready')).toEqual([500, { unhealthy: '0/0' }]);
  expect(await ask('/activation/count')).toEqual([200, 0]);
});

it('shows the pool to users alone', async () => {
  expect((await rest.get('/miniwhisk/v1/pool', { auth: null })).json.error).toBe(http.authMissing);
  await rest.action('seen', 'const main = () => ({})');
  await rest.post('_/actions/seen?blocking=true', {});
  const { json } = await rest.get('/miniwhisk/v1/pool');
  expect(json.containers).toEqual([
    expect.objectContaining({ driver: 'process', kind: 'nodejs:20', path: 'guest/seen', memory: 256, uses: 1 }),
  ]);
  expect(json.counters.cold).toBe(1);
  expect(json.memory).toEqual({ total: 2048, used: 256, peak: 256 });
});
