import { afterAll, beforeAll, expect, it } from 'vitest';
import { composition as text } from '../../src/messages.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Conductors (OPENWHISK.md 3.8). */
let server: TestServer;
let rest: Rest;
let ns: string;

const run = (name: string, body: object = {}): Promise<Reply> => rest.post(`_/actions/${name}?blocking=true`, body);
const value = (list: { key: string; value: unknown }[], key: string): unknown => list.find(a => a.key === key)?.value;
const record = (id: string) =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });
const conductor = (name: string, code: string, extra: object = {}): Promise<void> =>
  rest.action(name, code, { annotations: [{ key: 'conductor', value: true }], limits: { memory: 128 }, ...extra });
/** A conductor that calls what its payload names, then ends with what came back. */
const ONCE = `const main = ({ $step = 0, call, args, ...rest }) => $step === 0
  ? { action: call, params: args, state: { $step: 1 } } : { params: { got: rest } }`;

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  await rest.action('co-inc', 'const main = ({ n = 0 }) => ({ n: n + 1 })', { limits: { memory: 256 } });
  await rest.action('co-array', 'const main = () => [1, 2]', { limits: { memory: 128 } });
  await rest.action('co-fail', 'const main = () => ({ error: "no" })', { limits: { memory: 128 } });
  await rest.put('_/packages/co-pkg?overwrite=true', {});
  await rest.action('co-pkg/inc', 'const main = ({ n = 0 }) => ({ n: n + 1 })');
  await conductor('co-once', ONCE);
});
afterAll(() => server[Symbol.asyncDispose]());

const call = async (name: unknown, args?: unknown): Promise<unknown> =>
  (await run('co-once', { call: name, ...(args !== undefined && { args }) })).json.response.result;

it('ends with params, or with the whole result', async () => {
  await conductor('co-end', 'const main = args => args');
  expect((await run('co-end', { params: { a: 1 }, state: { b: 2 } })).json.response.result).toEqual({ a: 1 });
  expect((await run('co-end', { params: 5 })).json.response.result).toEqual({ value: 5 });
  expect((await run('co-end', { params: null })).json.response.result).toEqual({ value: null });
  expect((await run('co-end', { other: 1 })).json.response.result).toEqual({ other: 1 });
});

it('finds components by every form of name', async () => {
  for (const name of ['co-inc', '/_/co-inc', `/${ns}/co-inc`, 'co-pkg/inc', '/_/co-pkg/inc', `${ns}/co-pkg/inc`]) {
    expect(await call(name, { n: 4 })).toEqual({ got: { n: 5 } });
  }
});

it('feeds what went wrong back to the conductor', async () => {
  const fed = (error: string): object => ({ got: { error } });
  for (const name of ['/co-inc', 'a/b/c/d', '', '!', 5, null, { a: 1 }]) {
    expect(await call(name)).toEqual(fed(text.badActionName(JSON.stringify(name))));
  }
  expect(await call('co-none')).toEqual(fed(text.notFound(`${ns}/co-none`)));
  expect(await call('co-pkg/none')).toEqual(fed(text.notFound(`${ns}/co-pkg/none`)));
  expect(await call('co-nopkg/a')).toEqual(fed(text.notEntitled(`${ns}/co-nopkg/a`)));
  expect(await call('/someone/a')).toEqual(fed(text.notEntitled('someone/a')));
  expect(await call('co-fail')).toEqual(fed('no'));
});

it('boxes what is no object: params, state, an array that came back', async () => {
  await rest.action('co-echo', 'const main = args => args', { limits: { memory: 128 } });
  expect(await call('co-echo', 5)).toEqual({ got: { value: 5 } });
  expect(await call('co-array')).toEqual({ got: { value: [1, 2] } });
  await conductor('co-state', `const main = args => args.state ? { params: args } : { action: 'co-inc', state: 7 }`);
  expect((await run('co-state')).json.response.result).toEqual({ n: 1, state: 7 });
});

it('lets state win over the component, and forgets it when none is given', async () => {
  await conductor(
    'co-memo',
    `const main = args => args.last ? { params: args }
      : args.n === 10 ? { action: 'co-inc', params: { n: 1 }, state: { last: true } }
      : { action: 'co-inc', state: { n: 10, once: 1 } }`,
  );
  expect((await run('co-memo')).json.response.result).toEqual({ n: 2, last: true });
});

it('records a composition: annotations, ids in order, cause, duration', async () => {
  const { json } = await run('co-once', { call: 'co-inc' });
  const of = (key: string): unknown => value(json.annotations, key);
  expect([of('topmost'), of('kind'), of('conductor'), of('path')]).toEqual([true, 'sequence', true, `${ns}/co-once`]);
  expect(of('causedBy')).toBeUndefined();
  expect(of('limits')).toEqual({ timeout: 60000, memory: 256, logs: 10, concurrency: 1 });
  expect(json.response).not.toHaveProperty('size');
  const parts = await Promise.all(json.logs.map(record));
  expect(parts.map(p => p.name)).toEqual(['co-once', 'co-inc', 'co-once']);
  for (const part of parts) {
    expect([part.cause, value(part.annotations, 'causedBy')]).toEqual([json.activationId, 'sequence']);
  }
  expect(json.duration).toBe(parts.reduce((sum, p) => sum + p.duration, 0));
});

it('runs sequences and conductors as components, and is one in a sequence', async () => {
  const components = ['/_/co-inc', '/_/co-inc'];
  await rest.put('_/actions/co-seq?overwrite=true', { exec: { kind: 'sequence', components } });
  expect(await call('co-seq', { n: 1 })).toEqual({ got: { n: 3 } });
  expect(await call('co-once', { call: 'co-inc' })).toEqual({ got: { got: { n: 1 } } });
  await rest.put('_/actions/co-insides?overwrite=true', {
    exec: { kind: 'sequence', components: ['/_/co-inc', '/_/co-once'] },
  });
  const inside = await run('co-insides', { n: 1 });
  expect(inside.json.response.result).toEqual({ state: { $step: 1 } });
});

it('ends when the conductor fails, and may recover when a component does', async () => {
  await conductor('co-broken', 'const main = () => { throw new Error("x") }');
  const broken = await run('co-broken');
  expect([broken.status, broken.json.response.status, broken.json.logs.length]).toEqual([
    502,
    'action developer error',
    1,
  ]);
  await conductor(
    'co-recover',
    `const main = ({ error, done }) => error ? { params: { recovered: error } } : { action: 'co-fail' }`,
  );
  const recovered = await run('co-recover');
  expect([recovered.status, recovered.json.response.result]).toEqual([200, { recovered: 'no' }]);
});

it('means nothing on a sequence', async () => {
  const body = {
    exec: { kind: 'sequence', components: ['/_/co-end'] },
    annotations: [{ key: 'conductor', value: true }],
  };
  await rest.put('_/actions/co-noseq?overwrite=true', body);
  const { json } = await run('co-noseq', { params: { a: 1 } });
  expect(value(json.annotations, 'conductor')).toBeUndefined();
});

it('runs 50 components and 101 conductors at most, nested ones counted with it', async () => {
  await conductor('co-endless', `const main = args => ({ action: 'co-inc', params: args })`);
  const endless = await run('co-endless');
  expect(endless.json.response).toMatchObject({ status: 'application error', result: { error: text.tooLong } });
  expect(endless.json.logs).toHaveLength(151);
  await conductor(
    'co-fifty',
    `const main = ({ n = 0, error }) => error ? { params: { error2: error, n } } : { action: 'co-inc', params: { n } }`,
  );
  const fifty = await run('co-fifty');
  expect(fifty.json.response.result).toEqual({ error2: text.tooLong, n: 0 });
  expect(fifty.json.logs).toHaveLength(102);
  await conductor('co-self', `const main = () => ({ action: 'co-self' })`);
  const self = await run('co-self');
  expect(self.json.response.result).toEqual({ error: text.tooLong });
}, 60_000);
