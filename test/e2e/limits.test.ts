import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { NamespaceLimits } from '../../src/entities/types.js';
import { silentLogger } from '../../src/log.js';
import { entity, executeOnly, limits as limitText, outcome, sequence, throttle } from '../../src/messages.js';
import { openStore } from '../../src/store/sqlite.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Limits of the server and of a namespace, on servers of the test's own (OPENWHISK.md 2.8, 3.10, 8.3). */
const ECHO = 'function main(args) { return args }';
const code = (extra: object = {}): object => ({ exec: { kind: 'nodejs:20', code: ECHO }, ...extra });
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};

/** Sets limits as `miniwhisk limits set` does, beside the running server; resolves once the server knows. */
const setLimits = async (server: TestServer, rest: Rest, namespace: string, limits: NamespaceLimits): Promise<void> => {
  const before = (await rest.get('_/limits')).text;
  const store = await openStore({ dir: server.dataDir, clock: systemClock, log: silentLogger(), exclusive: false });
  store.subjects.putLimits(namespace, limits);
  await store.close();
  await eventually(async () => ((await rest.get('_/limits')).text === before ? undefined : true));
};

describe("OpenWhisk's own limits", () => {
  let server: TestServer;
  let rest: Rest;
  beforeAll(async () => {
    server = await startTestServer({ limits: 'openwhisk', poolMemory: 1024 });
    rest = restClient(server.url, server.auth);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('are what GET / and GET /limits say', async () => {
    const info = (await rest.get('/')).json.limits;
    expect(info).toMatchObject({ actions_per_minute: 60, triggers_per_minute: 60, concurrent_actions: 30 });
    expect(info).toMatchObject({
      sequence_length: 50,
      max_action_duration: 300_000,
      max_action_memory: 512 * 1024 ** 2,
    });
    for (const path of ['_/limits', '_/limits/', 'guest/limits']) {
      expect((await rest.get(path)).json).toEqual({
        invocationsPerMinute: 60,
        concurrentInvocations: 30,
        firesPerMinute: 60,
        minActionMemory: 128,
        maxActionMemory: 512,
        minActionLogs: 0,
        maxActionLogs: 10,
        minActionTimeout: 100,
        maxActionTimeout: 300_000,
        minActionConcurrency: 1,
        maxActionConcurrency: 1,
        maxParameterSize: '1048576 B',
        maxActionInstances: 30,
      });
    }
  });

  it('are in the texts', async () => {
    const put = (limits: object): Promise<Reply> => rest.put('_/actions/x', code({ limits }));
    fails(await put({ timeout: 300_001 }), 400, limitText.timeAbove(300_001, 300_000));
    fails(await put({ memory: 513 }), 400, limitText.memoryAbove(513, 512));
    fails(await put({ concurrency: 2 }), 400, limitText.concurrencyAbove(2, 1));
    fails(await put({ instances: 31 }), 400, limitText.instancesAbove(30));
  });

  it('22: throttles come before existence and rights, count the attempt, and a sequence once', async () => {
    await rest.action('one', ECHO);
    const components = ['/_/one', '/_/one', '/_/one'];
    await rest.put('_/actions/seq', { exec: { kind: 'sequence', components } });
    // A fixed minute of the wall clock: a new one in the middle would begin to count again.
    await eventually(() => (new Date().getSeconds() < 40 ? true : undefined), 30_000);
    for (let i = 0; i < 30; i++) expect((await rest.post('_/actions/seq?blocking=true', {})).status).toBe(200);
    for (let i = 0; i < 30; i++) expect((await rest.post('_/actions/missing', {})).status).toBe(404);
    fails(await rest.post('_/actions/one', {}), 429, throttle.perMinute(61, 60));
    fails(await rest.post('_/actions/missing', {}), 429, throttle.perMinute(62, 60));
    fails(await rest.post('whisk.system/actions/x', {}), 429, throttle.perMinute(63, 60));
    fails(await rest.post('_/actions/one', 'x'.repeat(2 * 1024 * 1024)), 429, throttle.perMinute(64, 60));
    expect((await rest.get('_/actions/one')).status).toBe(200);
    await rest.put('_/triggers/t', {});
    for (let i = 0; i < 60; i++) expect((await rest.post('_/triggers/t', {})).status).toBe(204);
    fails(await rest.post('_/triggers/t', {}), 429, throttle.perMinute(61, 60));
  }, 60_000);
});

describe('limits of a namespace', () => {
  let server: TestServer;
  let rest: Rest;
  beforeAll(async () => {
    server = await startTestServer();
    rest = restClient(server.url, server.auth);
    await rest.action('echo', ECHO, { limits: { memory: 256 } });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const set = (limits: NamespaceLimits): Promise<void> => setLimits(server, rest, 'guest', limits);

  it('override those of the server, within its bounds', async () => {
    await set({
      invocationsPerMinute: 1000,
      concurrentInvocations: 5,
      firesPerMinute: 7,
      minActionMemory: 1,
      maxActionMemory: 200,
      maxActionLogs: 99,
      minActionTimeout: 200,
      maxActionTimeout: 1000,
      maxActionConcurrency: 3,
      maxParameterSize: '10 KB',
      maxPayloadSize: '20 KB',
      truncationSize: '100 B',
      allowedKinds: ['nodejs:20', 'sequence'],
      storeActivations: true,
      warmedContainerKeepingCount: 1,
      warmedContainerKeepingTimeout: '10 minutes',
    });
    const { json } = await rest.get('_/limits');
    expect(json).toEqual({
      invocationsPerMinute: 1000,
      concurrentInvocations: 5,
      firesPerMinute: 7,
      minActionMemory: 128,
      maxActionMemory: 200,
      minActionLogs: 0,
      maxActionLogs: 10,
      minActionTimeout: 200,
      maxActionTimeout: 1000,
      minActionConcurrency: 1,
      maxActionConcurrency: 3,
      maxParameterSize: '10 KB',
      maxActionInstances: 5,
      maxPayloadSize: '20 KB',
      truncationSize: '100 B',
      allowedKinds: ['nodejs:20', 'sequence'],
      storeActivations: true,
      warmedContainerKeepingCount: 1,
      warmedContainerKeepingTimeout: '10 minutes',
    });
  });

  it('are in the texts, and only what a PUT gives is measured', async () => {
    const put = (body: object): Promise<Reply> => rest.put('_/actions/a?overwrite=true', body);
    fails(await put(code({ limits: { memory: 201 } })), 400, limitText.memoryAbove(201, 200));
    fails(await put(code({ limits: { timeout: 1001 } })), 400, limitText.timeAbove(1001, 1000));
    fails(await put(code({ limits: { instances: 6 } })), 400, limitText.instancesAbove(5));
    expect((await rest.put('_/actions/echo?overwrite=true', code())).status).toBe(200);
    const parameters = [{ key: 'k', value: 'x'.repeat(10 * 1024) }];
    fails(await put(code({ parameters })), 413, entity.tooLarge('parameters', 10 * 1024 + 3, 10 * 1024));
    fails(
      await rest.post('_/actions/echo', { x: 'x'.repeat(20 * 1024) }),
      413,
      entity.requestTooLarge(20 * 1024 + 8, 20 * 1024),
    );
  });

  it('make a stored action beyond them fail with their text', async () => {
    const run = await rest.post('_/actions/echo?blocking=true', {});
    expect([run.status, run.json.response]).toEqual([
      502,
      { status: 'application error', success: false, result: { error: limitText.timeAbove(60_000, 1000) } },
    ]);
  });

  it('cut a result that is too long to the truncation size', async () => {
    const limits = { memory: 128, timeout: 1000 };
    await rest.action('long', 'function main() { return { a: "x".repeat(30000) } }', { limits });
    const run = await rest.post('_/actions/long?blocking=true&result=true', {});
    expect(run.json.error).toBe(outcome.truncated(30_008, 20 * 1024, `{"a":"${'x'.repeat(94)}`));
  });

  it('allow some kinds only, sequences like any other', async () => {
    const python = { exec: { kind: 'python:3.11', code: 'x' } };
    fails(await rest.put('_/actions/py', python), 403, entity.forbiddenKind('python:3.11'));
    fails(
      await rest.put('_/actions/bb', { exec: { kind: 'blackbox', image: 'x' } }),
      403,
      entity.forbiddenKind('blackbox'),
    );
    await set({ allowedKinds: ['python:3.11'] });
    expect((await rest.put('_/actions/py', python)).status).toBe(200);
    const seq = { exec: { kind: 'sequence', components: ['/_/echo'] } };
    fails(await rest.put('_/actions/seq', seq), 403, entity.forbiddenKind('sequence'));
    fails(await rest.post('_/actions/echo', {}), 403, entity.forbiddenKind('nodejs:20'));
    await set({ allowedKinds: [] });
    expect((await rest.post('_/actions/echo?blocking=true', {})).status).toBe(200);
  });

  it('may keep activations from being stored, unless extra logging is asked for', async () => {
    await set({ storeActivations: false });
    const run = await rest.post('_/actions/echo?blocking=true', { n: 1 });
    expect(run.json.response.result).toEqual({ n: 1 });
    expect((await rest.get(`_/activations/${run.json.activationId}`)).status).toBe(404);
    const headers = { 'X-OW-EXTRA-LOGGING': 'on' };
    const kept = await rest.post('_/actions/echo?blocking=true', {}, { headers });
    expect((await rest.get(`_/activations/${kept.json.activationId}`)).status).toBe(200);
  });

  it('block a namespace with 0, and count what is in flight', async () => {
    await set({ invocationsPerMinute: 0 });
    const refused = await rest.post('_/actions/echo', {});
    expect([refused.status, refused.json.error]).toEqual([429, expect.stringMatching(/allowed: 0\)\.$/)]);
    await set({ concurrentInvocations: 1 });
    await rest.action('slow', 'const main = () => new Promise(r => setTimeout(r, 1000, {}))');
    const { json } = await rest.post('_/actions/slow', {});
    fails(await rest.post('_/actions/echo', {}), 429, throttle.concurrent(2, 1));
    await eventually(async () =>
      (await rest.get(`_/activations/${json.activationId}`)).status === 200 ? true : undefined,
    );
    expect((await rest.post('_/actions/echo', {})).status).toBe(202);
  });
});

describe('single limits of the server', () => {
  it('are in force and in the texts', async () => {
    await using server = await startTestServer({
      limitPayload: '2 MB',
      limitCode: '1 KB',
      limitSequence: 2,
      limitKinds: 'nodejs:20,sequence',
      limitLogs: 1,
    });
    const rest = restClient(server.url, server.auth);
    await rest.action('echo', ECHO);
    const big = 'x'.repeat(1.5 * 1024 * 1024);
    const run = await rest.post('_/actions/echo?blocking=true&result=true', { big });
    expect([run.status, run.json.big.length]).toEqual([200, big.length]);
    const max = 2 * 1024 * 1024;
    fails(await rest.post('_/actions/echo', { x: 'x'.repeat(max) }), 413, entity.requestTooLarge(max + 8, max));
    const long = { exec: { kind: 'nodejs:20', code: 'x'.repeat(1025) } };
    fails(await rest.put('_/actions/long', long), 413, entity.tooLarge('exec', 1025, 1024));
    const seq = { exec: { kind: 'sequence', components: ['/_/echo', '/_/echo', '/_/echo'] } };
    fails(await rest.put('_/actions/seq', seq), 400, sequence.tooLong);
    fails(
      await rest.put('_/actions/py', { exec: { kind: 'python:3.11', code: '' } }),
      403,
      entity.forbiddenKind('python:3.11'),
    );
    expect((await rest.get('_/actions/echo')).json.limits.logs).toBe(1);
    expect((await rest.get('/')).json.limits).toMatchObject({ sequence_length: 2, max_action_logs: 1024 * 1024 });
    await setLimits(server, rest, 'guest', { allowedKinds: ['python:3.11'] });
    expect((await rest.put('_/actions/py', { exec: { kind: 'python:3.11', code: '' } })).status).toBe(200);
  });

  it('let others run a published package, but not read it', async () => {
    await using server = await startTestServer({ executeOnly: true });
    const owner = restClient(server.url, server.other as string);
    const guest = restClient(server.url, server.auth);
    await owner.put('_/packages/shared', { publish: true });
    await owner.action('shared/echo', ECHO);
    await guest.put('_/packages/bound', { binding: { namespace: 'whisk.system', name: 'shared' } });
    await guest.put('_/packages/mine', {});
    await guest.action('mine/echo', ECHO);
    fails(await guest.get('whisk.system/packages/shared'), 403, executeOnly.package('whisk.system/shared'));
    fails(await guest.get('whisk.system/actions/shared/echo'), 403, executeOnly.action('whisk.system/shared'));
    fails(await guest.get('_/packages/bound'), 403, executeOnly.binding('bound'));
    fails(await guest.get('_/actions/bound/echo'), 403, executeOnly.boundAction('guest/bound/echo'));
    // Nor does an answer tell which actions there are.
    fails(await guest.get('whisk.system/actions/shared/none'), 403, executeOnly.action('whisk.system/shared'));
    fails(await guest.get('_/actions/bound/none'), 403, executeOnly.boundAction('guest/bound/none'));
    expect((await guest.get('_/actions/mine/echo')).status).toBe(200);
    expect((await owner.get('_/packages/shared')).status).toBe(200);
    expect((await guest.post('_/actions/bound/echo?blocking=true', {})).status).toBe(200);
    expect((await guest.post('whisk.system/actions/shared/echo?blocking=true', {})).status).toBe(200);
  });
});
