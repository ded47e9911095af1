import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity } from '../../src/messages.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Concurrent writes: one winner, the others 409, never a lost update (OPENWHISK.md 1.8). */
let server: TestServer;
let rest: Rest;
beforeAll(async () => {
  server = await startTestServer({ memory: true });
  rest = restClient(server.url, server.auth);
});
afterAll(() => server[Symbol.asyncDispose]());

interface Held {
  /** Sends the rest of the body; resolves to the answer. */
  finish(): Promise<{ status: number; json: { error?: string; version?: string } }>;
}

/** A PUT whose headers and half of whose body have gone out: the server has begun with it and cannot end it. */
const hold = async (path: string, body: object): Promise<Held> => {
  const text = JSON.stringify(body);
  const call = request(`${server.url}/api/v1/namespaces/_/${path}`, {
    method: 'PUT',
    auth: server.auth,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), expect: '100-continue' },
  });
  const answered = new Promise<{ status: number; json: object }>((resolve, reject) => {
    call.on('error', reject);
    call.on('response', response => {
      let received = '';
      response.on('data', chunk => {
        received += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(received) }));
    });
  });
  // The server says 100 Continue when its handler begins to run.
  await new Promise<void>(resolve => {
    call.on('continue', () => resolve());
    call.flushHeaders();
  });
  call.write(text.slice(0, 1));
  return {
    finish: () => {
      call.end(text.slice(1));
      return answered;
    },
  };
};

const CODE = { exec: { kind: 'nodejs:20', code: 'x' } };
const kinds: [string, object, object][] = [
  ['actions/x', { ...CODE, annotations: [{ key: 'a', value: 1 }] }, { annotations: [{ key: 'b', value: 1 }] }],
  ['triggers/x-t', {}, { parameters: [{ key: 'a', value: 1 }] }],
  ['packages/x-p', {}, { publish: true }],
  ['rules/x-r', { trigger: '/_/race-t', action: '/_/race-a' }, { publish: true }],
];

describe.each(kinds)('two racing PUTs of %s', (path, create, update) => {
  beforeAll(async () => {
    await rest.action('race-a', 'x');
    await rest.put('_/triggers/race-t?overwrite=true', {});
  });

  it('that create: one makes it, one gets 409', async () => {
    const held = [await hold(path, create), await hold(path, create)];
    const replies = [await (held[0] as Held).finish(), await (held[1] as Held).finish()];
    expect(replies.map(r => r.status).sort()).toEqual([200, 409]);
    expect(replies.find(r => r.status === 409)?.json.error).toBe(entity.exists);
    expect((await rest.get(`_/${path}`)).json.version).toBe('0.0.1');
  });

  it('that overwrite: one wins, one gets 409, and nothing is lost', async () => {
    const before = (await rest.get(`_/${path}`)).json.version;
    const held = [await hold(`${path}?overwrite=true`, update), await hold(`${path}?overwrite=true`, update)];
    const replies = await Promise.all(held.map(h => h.finish()));
    expect(replies.map(r => r.status).sort()).toEqual([200, 409]);
    expect(replies.find(r => r.status === 409)?.json.error).toBe(entity.conflict);
    expect((await rest.get(`_/${path}`)).json.version).toBe(
      before.replace(/\d+$/, (n: string) => String(Number(n) + 1)),
    );
  });

  it('and DELETE: what is gone is not made again over it', async () => {
    const held = await hold(`${path}?overwrite=true`, create);
    expect((await rest.delete(`_/${path}`)).status).toBe(200);
    expect(await held.finish()).toMatchObject({ status: 409, json: { error: entity.conflict } });
    expect((await rest.get(`_/${path}`)).status).toBe(404);
  });
});

it('many rules join one trigger at once, and none is lost', async () => {
  await rest.put('_/triggers/race-many?overwrite=true', {});
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const put = (i: number) =>
    rest.put(`_/rules/race-${i}?overwrite=true`, { trigger: '/_/race-many', action: '/_/race-a' });
  const replies = await Promise.all(numbers.map(put));
  const made = replies.filter(r => r.status === 200).length;
  expect(replies.every(r => r.status === 200 || r.status === 409)).toBe(true);
  expect(Object.keys((await rest.get('_/triggers/race-many')).json.rules)).toHaveLength(made);
  await eventually(async () => (await Promise.all(numbers.map(put))).every(r => r.status === 200) || undefined);
  expect(Object.keys((await rest.get('_/triggers/race-many')).json.rules)).toHaveLength(40);
});

it('versions count every update that was answered with 200', async () => {
  await rest.put('_/triggers/race-count?overwrite=true', { version: '1.0.0' });
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => rest.put('_/triggers/race-count?overwrite=true', {})),
  );
  const done = replies.filter(r => r.status === 200).length;
  expect((await rest.get('_/triggers/race-count')).json.version).toBe(`1.0.${done}`);
  expect(new Set(replies.filter(r => r.status === 200).map(r => r.json.version)).size).toBe(done);
});
