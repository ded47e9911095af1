import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logs as logText, outcome } from '../../src/messages.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Activation lists, filters and record shapes (OPENWHISK.md 1.8, 2.7, 3.3, 3.4). */
let server: TestServer;
let rest: Rest;
let ns: string;

// biome-ignore lint/suspicious/noExplicitAny: records of many shapes
type Row = any;
const record = (id: string): Promise<Row> =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });
const run = async (name: string, body: object = {}): Promise<Row> => {
  const { json } = await rest.post(`_/actions/${name}?blocking=true`, body);
  return record(json.activationId);
};
const list = async (query: string): Promise<Row[]> => (await rest.get(`_/activations?${query}`)).json;
const ids = (rows: Row[]): string[] => rows.map(row => row.activationId);
const value = (row: Row, key: string): unknown => row.annotations.find((a: { key: string }) => a.key === key)?.value;
const keysOf = (row: Row): string[] => Object.keys(row).sort();
const annotationsOf = (row: Row): string[] => row.annotations.map((a: { key: string }) => a.key).sort();

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  const limits = { memory: 128 };
  await rest.action('av-ok', 'const main = a => { console.log("line"); return a }', { limits });
  await rest.action('av-app', 'const main = () => ({ error: "app", more: 1 })', { limits });
  await rest.action('av-dev', 'const main = () => { throw new Error("dev") }', { limits });
  await rest.action('av-slow', 'const main = () => new Promise(() => {})', { limits: { ...limits, timeout: 300 } });
  await rest.action('av-initslow', 'while (true);', { limits: { ...limits, timeout: 400 } });
  await rest.put('_/packages/av-pkg?overwrite=true', {});
  await rest.action('av-pkg/av-ok', 'const main = a => a', { limits });
  await rest.put('_/packages/av-bind?overwrite=true', { binding: { namespace: '_', name: 'av-pkg' } });
  await rest.put('_/actions/av-seq?overwrite=true', { exec: { kind: 'sequence', components: ['/_/av-ok'] } });
  await rest.put('_/triggers/av-t?overwrite=true', {});
  await rest.put('_/rules/av-r?overwrite=true', { trigger: '/_/av-t', action: '/_/av-ok' });
});
afterAll(() => server[Symbol.asyncDispose]());

const COMMON = [
  'activationId',
  'annotations',
  'duration',
  'end',
  'logs',
  'name',
  'namespace',
  'publish',
  'response',
  'start',
  'subject',
  'version',
];
const PRIMITIVE = ['kind', 'limits', 'path', 'timeout', 'waitTime'];

describe('a record', () => {
  it('of an action, cold and warm', async () => {
    const cold = await run('av-ok', { a: 1 });
    const warm = await run('av-ok', { a: 1 });
    expect(keysOf(cold)).toEqual(COMMON);
    expect(annotationsOf(cold).filter(k => k !== 'driver')).toEqual([...PRIMITIVE, 'initTime'].sort());
    expect(annotationsOf(warm).filter(k => k !== 'driver')).toEqual(PRIMITIVE);
    expect(warm).toMatchObject({ namespace: ns, name: 'av-ok', publish: false, end: warm.start + warm.duration });
    expect(warm.response).toEqual({ status: 'success', success: true, result: { a: 1 }, size: 7 });
    expect([value(warm, 'path'), value(warm, 'kind'), value(warm, 'timeout')]).toEqual([
      `${ns}/av-ok`,
      'nodejs:20',
      false,
    ]);
    expect(value(warm, 'limits')).toEqual({ timeout: 60000, memory: 128, logs: 10, concurrency: 1 });
    expect(warm.logs).toEqual([expect.stringMatching(/ stdout: line$/)]);
  });

  it('of failures', async () => {
    expect((await run('av-app')).response).toMatchObject({
      status: 'application error',
      success: false,
      result: { error: 'app' },
    });
    const dev = await run('av-dev');
    expect(dev.response).toMatchObject({ status: 'action developer error', success: false });
    const slow = await run('av-slow');
    expect(slow.response).toEqual({
      status: 'action developer error',
      success: false,
      result: { error: outcome.timeout(300, false) },
    });
    expect(value(slow, 'timeout')).toBe(true);
    const init = await run('av-initslow');
    expect(init.response.result).toEqual({ error: outcome.timeout(400, true) });
    expect([value(init, 'timeout'), typeof value(init, 'initTime')]).toEqual([true, 'number']);
  });

  it("has no logs with a log limit of 0, the platform's line included", async () => {
    expect((await run('av-dev')).logs.at(-1)).toContain(logText.developerError);
    await rest.action('av-quiet', 'const main = () => { throw new Error("dev") }', {
      limits: { memory: 128, logs: 0 },
    });
    expect((await run('av-quiet')).logs).toEqual([]);
  });

  it('of a sequence and of a trigger', async () => {
    const seq = await run('av-seq', { a: 1 });
    expect(keysOf(seq)).toEqual(COMMON);
    expect(annotationsOf(seq)).toEqual(['kind', 'limits', 'path', 'topmost', 'waitTime']);
    expect(seq.response.size).toBe(7);
    const fired = await record((await rest.post('_/triggers/av-t', {})).json.activationId);
    expect(keysOf(fired)).toEqual(COMMON.filter(k => k !== 'end' && k !== 'duration'));
    expect(fired.response).toEqual({ status: 'success', success: true, result: {} });
  });
});

describe('a list', () => {
  it('has summaries, or whole records with docs', async () => {
    const last = await run('av-seq', { a: 1 });
    const [component] = last.logs;
    const row = (await list('name=av-seq&limit=1'))[0];
    expect(keysOf(row)).toEqual([
      'activationId',
      'annotations',
      'duration',
      'end',
      'name',
      'namespace',
      'publish',
      'start',
      'statusCode',
      'version',
    ]);
    expect([row.activationId, row.duration, row.statusCode]).toEqual([last.activationId, last.end - last.start, 0]);
    const inner = (await list('limit=200')).find(r => r.activationId === component);
    expect(inner.cause).toBe(last.activationId);
    expect((await list('name=av-seq&limit=1&docs=true'))[0]).toEqual(last);
    const [trigger] = await list('name=av-t&limit=1');
    expect(keysOf(trigger)).toEqual([
      'activationId',
      'annotations',
      'name',
      'namespace',
      'publish',
      'start',
      'statusCode',
      'version',
    ]);
    expect((await list('name=av-dev&limit=1'))[0].statusCode).toBe(2);
    expect((await list('name=av-app&limit=1'))[0].statusCode).toBe(1);
  });

  it('is newest first, within inclusive bounds', async () => {
    const made = [await run('av-ok', { n: 1 }), await run('av-ok', { n: 2 }), await run('av-ok', { n: 3 })];
    const [a, b, c] = made.map(r => r.activationId) as [string, string, string];
    const bounds = `since=${made[0].start}&upto=${made[2].start}&name=av-ok`;
    const inside = ids(await list(bounds));
    expect(inside.filter(id => made.some(r => r.activationId === id))).toEqual([c, b, a]);
    expect((await rest.get(`_/activations?${bounds}&count=true`)).json).toEqual({ activations: inside.length });
    expect(ids(await list(`${bounds}&limit=1&skip=1`))).toEqual(inside.slice(1, 2));
    expect(ids(await list(`since=${made[2].start + 1}&name=av-ok`))).not.toContain(c);
    expect(ids(await list(`upto=${made[0].start - 1}&name=av-ok`))).not.toContain(a);
    expect(await list('upto=-5')).toEqual([]);
    expect(ids(await list('since=-5&name=av-ok&limit=1'))).toEqual([c]);
  });

  it('filters by name: a simple one means no package, a binding is found under its own', async () => {
    const plain = await run('av-ok');
    const packaged = await run('av-pkg/av-ok');
    const bound = await run('av-bind/av-ok');
    const by = async (name: string): Promise<string[]> => ids(await list(`name=${name}&limit=5`));
    expect(await by('av-ok')).toContain(plain.activationId);
    expect(await by('av-ok')).not.toContain(packaged.activationId);
    expect(await by('av-pkg/av-ok')).toContain(packaged.activationId);
    expect(await by('%2Fav-pkg%2Fav-ok')).toContain(packaged.activationId);
    expect(await by('av-bind/av-ok')).toEqual([bound.activationId]);
    expect(await by('av-none')).toEqual([]);
    expect(ids(await list('name=&limit=1'))).toEqual([bound.activationId]);
    expect(ids(await list('name=%20&limit=1'))).toEqual([bound.activationId]);
  });
});
