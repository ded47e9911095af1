import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity, http, limits as limitText, action as text } from '../../src/messages.js';
import { zip } from '../support/archives.js';
import { type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Actions by kind and by rule of creation and update (OPENWHISK.md 2.3). */
let server: TestServer;
let rest: Rest;

const ECHO = 'function main(args) { return args }';
const code = (source = ECHO): object => ({ exec: { kind: 'nodejs:20', code: source } });
const put = (name: string, body: object): Promise<Reply> => rest.put(`_/actions/${name}?overwrite=true`, body);
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};
const value = (reply: Reply, key: string): unknown =>
  reply.json.annotations.find((a: { key: string }) => a.key === key)?.value;

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  for (const name of ['ac-a', 'ac-limits', 'ac-merge', 'ac-seq']) await rest.delete(`_/actions/${name}`);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('exec', () => {
  it('gives back code exactly as it came, and nothing of it without code', async () => {
    const source = '  // ünïcode\r\nfunction main() { return {a: "€"} }\n\n';
    const exec = { kind: 'nodejs:20', code: source, binary: false };
    expect((await put('ac-a', code(source))).json.exec).toEqual(exec);
    expect((await rest.get('_/actions/ac-a')).json.exec).toEqual(exec);
    expect((await rest.get('_/actions/ac-a?code=true')).json.exec).toEqual(exec);
    expect((await rest.get('_/actions/ac-a?code=false')).json.exec).toEqual({ kind: 'nodejs:20', binary: false });
  });

  it('runs a zip, its main by name, and keeps the base64 text', async () => {
    const archive = zip([{ name: 'index.js', data: 'exports.entry = () => ({ from: "zip" })' }]);
    const reply = await put('ac-a', { exec: { kind: 'nodejs:default', code: archive, main: 'entry' } });
    expect(reply.json.exec).toEqual({ kind: 'nodejs:20', code: archive, binary: true, main: 'entry' });
    const run = await rest.post('_/actions/ac-a?blocking=true&result=true', {});
    expect(run.json).toEqual({ from: 'zip' });
  });

  it("gives node's actions gc(), as OpenWhisk's own runtime does", async () => {
    await put('ac-a', code('const main = () => { gc(); return { gc: typeof global.gc } }'));
    expect((await rest.post('_/actions/ac-a?blocking=true&result=true', {})).json).toEqual({ gc: 'function' });
  });

  it('takes a kind in any case, and trims it', async () => {
    expect((await put('ac-a', { exec: { kind: ' NodeJS:20 ', code: '' } })).json.exec.kind).toBe('nodejs:20');
  });

  it.each([['docker.io/library/x:1'], ['x'], ['a/b/c'], ['host:5000/a/b:tag'], [`a/b@sha256:${'0'.repeat(64)}`]])(
    'takes the image %s, with and without code',
    async image => {
      const bare = await put('ac-a', { exec: { kind: 'blackbox', image, native: true } });
      expect(bare.json.exec).toEqual({ kind: 'blackbox', image, binary: false });
      const coded = await put('ac-a', { exec: { kind: 'blackbox', image, code: 'abcd', main: 'm' } });
      expect(coded.json.exec).toEqual({ kind: 'blackbox', image, binary: true, code: 'abcd', main: 'm' });
      expect(value(coded, 'exec')).toBe('blackbox');
    },
  );

  it.each(['', ' x', 'x ', 'Upper', 'a//b', 'a:b:c'])('refuses the image %j', async image => {
    fails(await put('ac-a', { exec: { kind: 'blackbox', image } }), 400, http.malformed(text.imageMalformed));
  });

  it('counts code and main together against its limit', async () => {
    const max = 48 * 1024 * 1024;
    const exec = { kind: 'nodejs:20', code: 'x'.repeat(max - 3), main: 'main' };
    fails(await put('ac-a', { exec }), 413, entity.tooLarge('exec', max + 1, max));
    const fits = await put('ac-a', { exec: { ...exec, main: 'mai' } });
    expect([fits.status, fits.json.exec.code.length]).toEqual([200, max - 3]);
    await put('ac-a', code());
  });
});

describe('create and update', () => {
  it('keeps what the body leaves out', async () => {
    const parameters = [
      { key: 'p', value: { deep: [1] } },
      { key: 'e', value: 'env', init: true },
    ];
    const annotations = [{ key: 'x', value: 1 }];
    const limits = { timeout: 1000, memory: 128, logs: 1, concurrency: 1 };
    const body = { ...code(), parameters, annotations, limits, publish: true, version: '1.2.3' };
    const made = await rest.put('_/actions/ac-merge', body);
    expect(made.json).toMatchObject({ parameters, limits, publish: true, version: '1.2.3' });
    const same = await put('ac-merge', {});
    const { updated: _, annotations: kept, ...rest1 } = made.json;
    expect(same.json).toMatchObject({ ...rest1, version: '1.2.4' });
    expect(new Set(same.json.annotations)).toEqual(new Set(kept));
    const timeout = await put('ac-merge', { limits: { timeout: 2000 } });
    expect(timeout.json.limits).toEqual({ ...limits, timeout: 2000 });
  });

  it('delivers init parameters as environment, not as arguments', async () => {
    const source = 'function main(args) { return { args, e: process.env.E, n: process.env.N } }';
    const parameters = [
      { key: 'a', value: 1 },
      { key: 'E', value: 'env', init: true },
      { key: 'N', value: { x: 1 }, init: true },
    ];
    await put('ac-merge', { ...code(source), parameters });
    const run = await rest.post('_/actions/ac-merge?blocking=true&result=true', {});
    expect(run.json).toEqual({ args: { a: 1 }, e: 'env', n: '{"x":1}' });

    // A call that names one gives the environment its value if it makes one; an argument it never is.
    await put('ac-merge', { ...code(source), parameters });
    const own = await rest.post('_/actions/ac-merge?blocking=true&result=true', { E: 'own', b: 2 });
    expect(own.json).toEqual({ args: { a: 1, b: 2 }, e: 'own', n: '{"x":1}' });
    const warm = await rest.post('_/actions/ac-merge?blocking=true&result=true', { E: 'late' });
    expect(warm.json).toEqual({ args: { a: 1 }, e: 'own', n: '{"x":1}' });
  });

  it('drops annotations that are named, before the new ones come', async () => {
    await put('ac-merge', {
      annotations: [
        { key: 'x', value: 1 },
        { key: 'y', value: 1 },
      ],
    });
    const reply = await put('ac-merge', {
      delAnnotations: ['x', 'y', 'none', 'exec'],
      annotations: [{ key: 'y', value: 2 }],
    });
    expect([value(reply, 'x'), value(reply, 'y'), value(reply, 'exec')]).toEqual([undefined, 2, 'nodejs:20']);
    expect(reply.json).not.toHaveProperty('delAnnotations');
  });

  it('keeps named annotations when the PUT gives a sequence', async () => {
    await put('ac-merge', { annotations: [{ key: 'x', value: 1 }] });
    const exec = { kind: 'sequence', components: ['/_/ac-a'] };
    const reply = await put('ac-merge', { exec, delAnnotations: ['x'] });
    expect([value(reply, 'x'), value(reply, 'exec')]).toEqual([1, 'sequence']);
  });

  it('loses _actions when a sequence becomes code, unless the PUT gives parameters', async () => {
    const components = ['/_/ac-a'];
    await put('ac-merge', { exec: { kind: 'sequence', components }, parameters: [{ key: 'dropped', value: 1 }] });
    const kept = await put('ac-merge', { parameters: [{ key: 'dropped', value: 1 }] });
    expect(kept.json.parameters.map((x: { key: string }) => x.key)).toEqual(['_actions']);
    expect((await put('ac-merge', code())).json.parameters).toEqual([]);
    await put('ac-merge', { exec: { kind: 'sequence', components } });
    const parameters = [{ key: 'k', value: 1 }];
    expect((await put('ac-merge', { ...code(), parameters })).json.parameters).toEqual(parameters);
  });

  it("answers the body's annotations first, then provide-api-key and exec, as OpenWhisk orders them", async () => {
    await rest.delete('_/actions/ac-order');
    const annotations = ['description', 'z', 'a'].map(key => ({ key, value: key }));
    const created = await put('ac-order', { ...code(), annotations });
    expect(created.json.annotations).toEqual([
      ...annotations,
      { key: 'provide-api-key', value: false },
      { key: 'exec', value: 'nodejs:20' },
    ]);
    expect((await rest.get('_/actions/ac-order')).json.annotations).toEqual(created.json.annotations);
    await rest.delete('_/actions/ac-order');
    const given = { key: 'provide-api-key', value: true };
    const own = await put('ac-order', { ...code(), annotations: [given, ...annotations] });
    expect(own.json.annotations).toEqual([given, ...annotations, { key: 'exec', value: 'nodejs:20' }]);
  });

  it('takes null for absent', async () => {
    const reply = await put('ac-merge', {
      ...code(),
      annotations: null,
      parameters: null,
      version: null,
      limits: { logs: null },
    });
    expect(reply.status).toBe(200);
  });

  it('answers DELETE with what was there, code included', async () => {
    const made = await put('ac-a', code());
    const gone = await rest.delete('_/actions/ac-a');
    expect([gone.status, gone.json]).toEqual([200, made.json]);
    expect((await rest.get('_/actions/ac-a')).status).toBe(404);
  });

  it('final protects at JSON true only', async () => {
    const annotations = [{ key: 'final', value: 'true' }];
    await put('ac-a', { ...code(), parameters: [{ key: 'a', value: 1 }], annotations });
    expect((await rest.post('_/actions/ac-a?blocking=true&result=true', { a: 2 })).json).toEqual({ a: 2 });
  });
});

describe('limits', () => {
  const refused: [string, unknown, string][] = [
    ['timeout', 99, limitText.timeBelow(99, 100)],
    ['timeout', 0, limitText.timeBelow(0, 100)],
    ['timeout', 1.5, http.malformed(limitText.wholeNumber('time limit'))],
    ['timeout', 'x', http.malformed(limitText.malformed('time limit'))],
    ['memory', 127, limitText.memoryBelow(127, 128)],
    ['memory', -1, http.malformed(limitText.negativeSize)],
    ['memory', 128.5, http.malformed(limitText.wholeNumber('memory limit'))],
    ['memory', [], http.malformed(limitText.malformed('memory limit'))],
    ['logs', 11, limitText.logsAbove(11, 10)],
    ['logs', -1, http.malformed(limitText.negativeSize)],
    ['logs', 0.5, http.malformed(limitText.wholeNumber('log limit'))],
    ['logs', true, http.malformed(limitText.malformed('log limit'))],
    ['concurrency', 0, limitText.concurrencyBelow(0, 1)],
    ['concurrency', 1.5, http.malformed(limitText.wholeNumber('intra concurrency limit'))],
    ['concurrency', {}, http.malformed(limitText.malformed('concurrency limit'))],
    ['instances', -1, http.malformed(limitText.instancesNegative)],
    ['instances', 0.1, http.malformed(limitText.wholeNumber('instance concurrency limit'))],
    ['instances', 'x', http.malformed(limitText.malformed('instance concurrency limit'))],
  ];

  it.each(refused)('refuses %s %j', async (name, given, error) => {
    fails(await rest.put('_/actions/ac-limits', { ...code(), limits: { [name]: given } }), 400, error);
  });

  it('are an object, checked before the name is', async () => {
    fails(await put('ac-limits', { ...code(), limits: 5 }), 400, http.malformed(http.objectExpectedInField('timeout')));
    await put('ac-limits', code());
    const limits = { timeout: 1, memory: 1 };
    fails(await rest.put('_/actions/ac-limits', { ...code(), limits }), 400, limitText.memoryBelow(1, 128));
  });

  it('show instances only once they are set', async () => {
    expect((await put('ac-limits', code())).json.limits).toEqual({
      timeout: 60000,
      memory: 256,
      logs: 10,
      concurrency: 1,
    });
    const set = await put('ac-limits', { limits: { instances: 2, unknown: 5 } });
    expect(set.json.limits).toEqual({ timeout: 60000, memory: 256, logs: 10, concurrency: 1, instances: 2 });
  });
});
