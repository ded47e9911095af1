import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity, http, names, sequence as text } from '../../src/messages.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Sequences (OPENWHISK.md 2.3, 3.7). */
let server: TestServer;
let rest: Rest;
let ns: string;

const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};
const put = (name: string, components: unknown): Promise<Reply> =>
  rest.put(`_/actions/${name}?overwrite=true`, { exec: { kind: 'sequence', components } });
const run = (name: string, body: object = {}): Promise<Reply> => rest.post(`_/actions/${name}?blocking=true`, body);
const value = (list: { key: string; value: unknown }[], key: string): unknown => list.find(a => a.key === key)?.value;
const record = (id: string) =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });
const many = (n: number, name: string): string[] => Array.from({ length: n }, () => name);

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  await rest.action('se-inc', 'const main = ({ n = 0, ...rest }) => ({ n: n + 1, ...rest })', {
    limits: { memory: 128 },
  });
  await rest.action('se-array', 'const main = () => [1, 2]', { limits: { memory: 256 } });
  await rest.action('se-count', 'const main = args => ({ length: args.length ?? -1 })', { limits: { memory: 128 } });
  await rest.action('se-fail', 'const main = () => { throw new Error("no") }', { limits: { memory: 128 } });
  await rest.put('_/packages/se-pkg?overwrite=true', { parameters: [{ key: 'p', value: 'package' }] });
  await rest.action('se-pkg/inc', 'const main = ({ n = 0, ...rest }) => ({ n: n + 1, ...rest })');
  await rest.put('_/packages/se-bind?overwrite=true', {
    binding: { namespace: '_', name: 'se-pkg' },
    parameters: [{ key: 'b', value: 'binding' }],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('what may be a sequence', () => {
  it('needs components that are there, and are names', async () => {
    fails(await put('se-bad', []), 400, text.empty);
    fails(await put('se-bad', ['/_/se-none']), 400, text.componentMissing);
    fails(await put('se-bad', ['/_/se-pkg/none']), 400, text.componentMissing);
    fails(await put('se-bad', ['/_/se-pkg']), 409, entity.otherCollection);
    fails(await put('se-bad', 'x'), 400, http.malformed("'components' must be an array"));
    fails(await put('se-bad', [5]), 400, http.malformed(names.malformedFqn));
    fails(await put('se-bad', ['se-inc']), 400, http.malformed(names.tooFewSegments));
    const none = await rest.put('_/actions/se-bad', { exec: { kind: 'sequence' } });
    fails(none, 400, http.malformed("'components' must be defined for sequence kind"));
    expect((await rest.get('_/actions/se-bad')).status).toBe(404);
  });

  it('may not contain itself, directly, nested or through a binding', async () => {
    await put('se-a', ['/_/se-inc']);
    fails(await put('se-a', ['/_/se-inc', '/_/se-a']), 400, text.cyclic);
    await put('se-b', ['/_/se-a']);
    fails(await put('se-a', ['/_/se-b']), 400, text.cyclic);
    await rest.put('_/actions/se-pkg/loop?overwrite=true', { exec: { kind: 'sequence', components: ['/_/se-inc'] } });
    const loop = { exec: { kind: 'sequence', components: ['/_/se-bind/loop'] } };
    fails(await rest.put('_/actions/se-pkg/loop?overwrite=true', loop), 400, text.cyclic);
  });

  it('has at most 50 actions, those of nested sequences counted', async () => {
    expect((await put('se-50', many(50, '/_/se-inc'))).status).toBe(200);
    fails(await put('se-bad', many(51, '/_/se-inc')), 400, text.tooLong);
    await put('se-25', many(25, '/_/se-inc'));
    expect((await put('se-twice', many(2, '/_/se-25'))).status).toBe(200);
    fails(await put('se-bad', [...many(2, '/_/se-25'), '/_/se-inc']), 400, text.tooLong);
    const done = await run('se-twice');
    expect([done.json.response.result, done.json.logs.length]).toEqual([{ n: 50 }, 2]);
  });
});

describe('running', () => {
  it('nests: causes, annotations, logs, durations, the largest memory', async () => {
    await put('se-inner', ['/_/se-inc', '/_/se-bind/inc']);
    await put('se-outer', ['/_/se-inc', '/_/se-inner']);
    const { json: outer } = await run('se-outer');
    expect(outer.response).toMatchObject({ result: { n: 3, p: 'package', b: 'binding' }, status: 'success' });
    expect(outer).not.toHaveProperty('cause');
    expect(value(outer.annotations, 'topmost')).toBe(true);
    expect(value(outer.annotations, 'kind')).toBe('sequence');
    expect(value(outer.annotations, 'path')).toBe(`${ns}/se-outer`);
    expect(value(outer.annotations, 'causedBy')).toBeUndefined();
    expect(value(outer.annotations, 'limits')).toEqual({ timeout: 60000, memory: 256, logs: 10, concurrency: 1 });
    const [first, inner] = await Promise.all(outer.logs.map(record));
    expect([first.name, inner.name, inner.cause]).toEqual(['se-inc', 'se-inner', outer.activationId]);
    expect(value(inner.annotations, 'topmost')).toBe(false);
    expect(value(inner.annotations, 'causedBy')).toBe('sequence');
    expect(outer.duration).toBe(first.duration + inner.duration);
    const [, bound] = await Promise.all(inner.logs.map(record));
    expect([bound.cause, value(bound.annotations, 'binding')]).toEqual([inner.activationId, `${ns}/se-bind`]);
    expect(bound.response.size).toBe(outer.response.size);
  });

  it('hands arrays on, and ends with one bare', async () => {
    await put('se-arrays', ['/_/se-array', '/_/se-count']);
    expect((await run('se-arrays')).json.response.result).toEqual({ length: 2 });
    await put('se-ends', ['/_/se-inc', '/_/se-array']);
    expect((await run('se-ends')).json).toEqual([1, 2]);
  });

  it('stops at the first failure with its status', async () => {
    await put('se-stop', ['/_/se-inc', '/_/se-fail', '/_/se-inc']);
    const { status, json } = await run('se-stop');
    expect([status, json.response.status, json.logs.length]).toEqual([502, 'action developer error', 2]);
    const failed = await record(json.logs[1]);
    expect(json.response.result).toEqual(failed.response.result);
  });

  it('tells of a component that went away, and keeps the sequence', async () => {
    await rest.action('se-goes', 'const main = () => ({})');
    await put('se-left', ['/_/se-inc', '/_/se-goes']);
    await rest.delete('_/actions/se-goes');
    const { status, json } = await run('se-left');
    expect([status, json.response.status]).toEqual([502, 'application error']);
    expect(json.response.result).toEqual({ error: text.componentMissing });
    expect(json.logs).toHaveLength(1);
    expect((await rest.get('_/actions/se-left')).json.exec.components).toEqual([`/${ns}/se-inc`, `/${ns}/se-goes`]);
  });

  it('is too long at run time when a component became longer since', async () => {
    await put('se-grows', many(1, '/_/se-inc'));
    await put('se-long', ['/_/se-grows', ...many(49, '/_/se-inc')]);
    await put('se-grows', many(2, '/_/se-inc'));
    const { status, json } = await run('se-long');
    expect([status, json.response.result, json.logs.length]).toEqual([502, { error: text.tooLong }, 49]);
  });

  it('merges no parameters of its own, and takes components as they are when it runs', async () => {
    await put('se-latest', ['/_/se-latest-a']);
    await rest.action('se-latest-a', 'const main = a => ({ ...a, v: 1 })');
    await put('se-latest', ['/_/se-latest-a']);
    expect((await run('se-latest', { x: 1 })).json.response.result).toEqual({ x: 1, v: 1 });
    await rest.action('se-latest-a', 'const main = a => ({ ...a, v: 2 })');
    expect((await run('se-latest')).json.response.result).toEqual({ v: 2 });
  });
});
