import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { type Fault, type FaultyEngine, startFaultyEngine } from '../support/engine-faults.js';
import { imageName, requireImage } from '../support/images.js';
import { type LaunchedServer, launchServer } from '../support/launch.js';
import { eventually, type Rest, restClient } from '../support/rest.js';

const SLEEP = 'const main = args => new Promise(r => setTimeout(r, args.ms || 0, { n: args.n }))';

describeDocker('an engine with faults', () => {
  let engine: FaultyEngine;
  let server: LaunchedServer;
  let rest: Rest;
  beforeAll(async () => {
    await requireImage('nodejs:20');
    engine = await startFaultyEngine();
    const memory = ['--pool-memory', '1024', '--idle-timeout', '2', '--pause-grace', '1'];
    server = await launchServer([
      '--driver',
      'docker',
      '--docker-host',
      engine.host,
      '--memory',
      '--no-prewarm',
      '--pull',
      'never',
      ...memory,
    ]);
    rest = restClient(server.url, server.auth);
    await rest.action('sleeper', SLEEP, { limits: { memory: 256, timeout: 60_000 } });
  }, 300_000);
  afterAll(async () => {
    engine.set({ kind: 'none' });
    const { code } = await server.kill('SIGTERM');
    expect(code).toBe(0);
    expect(await docker('ps', '-aq', '--filter', 'label=miniwhisk.action=guest/sleeper')).toBe('');
    await engine[Symbol.asyncDispose]();
  }, 60_000);

  const call = (args: object = {}) => rest.post('_/actions/sleeper?blocking=true', args);
  const pool = async () => (await rest.get('/miniwhisk/v1/pool')).json;
  const container = () => docker('ps', '-aq', '--filter', 'label=miniwhisk.action=guest/sleeper');

  /** Served within seconds, and all of the memory can be used again. */
  const recovers = async (): Promise<void> => {
    engine.set({ kind: 'none' });
    await eventually(async () => ((await call()).status === 200 ? true : undefined), 15_000);
    const burst = await Promise.all([1, 2, 3, 4].map(n => call({ n, ms: 300 })));
    expect(burst.map(reply => reply.status)).toEqual([200, 200, 200, 200]);
    const stats = await pool();
    expect(stats.memory.used).toBe(stats.containers.length * 256);
    expect((await rest.get('/miniwhisk/v1/ready')).status).toBe(200);
    await eventually(async () => ((await pool()).containers.length === 0 ? true : undefined), 20_000);
    expect((await pool()).memory.used).toBe(0);
    expect(await container()).toBe('');
  };

  it.each<[string, Fault]>([
    ['it breaks every connection', { kind: 'reset' }],
    ['it answers everything 500', { kind: 'refuse' }],
    ['its replies are cut off', { kind: 'cut', bytes: 60 }],
  ])('%s: an error with its record, then all is well', { timeout: 90_000 }, async (_name, fault) => {
    engine.set(fault);
    const cold = await call({ cold: true });
    expect([cold.status, cold.json.response.status]).toEqual([500, 'whisk internal error']);
    expect((await rest.get(`_/activations/${cold.json.activationId}`)).json.response).toEqual(cold.json.response);
    await recovers();
  });

  it('it is slow: calls wait and succeed', { timeout: 90_000 }, async () => {
    engine.set({ kind: 'slow', ms: 1500 });
    expect((await call()).status).toBe(200);
    await recovers();
  });

  it('it does not answer for a while: calls wait and succeed, and readiness tells', { timeout: 120_000 }, async () => {
    engine.set({ kind: 'stall' });
    const waiting = [1, 2, 3].map(n => call({ n }));
    const { driver } = await eventually(async () => {
      const { status, json } = await rest.get('/miniwhisk/v1/ready');
      return status === 503 ? json : undefined;
    }, 20_000);
    expect(driver).toEqual({ ok: false, reason: 'The driver does not answer within 3 s.' });
    engine.set({ kind: 'none' });
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(200);
    await recovers();
  });

  it('its socket is gone: errors with records, readiness tells why, and all is well when it is back', {
    timeout: 90_000,
  }, async () => {
    engine.set({ kind: 'gone' });
    const cold = await call({ cold: true });
    expect([cold.status, cold.json.response.status]).toEqual([500, 'whisk internal error']);
    expect(cold.json.response.result.error).not.toMatch(/object Object/);
    const { driver } = await eventually(async () => {
      const { status, json } = await rest.get('/miniwhisk/v1/ready');
      return status === 503 ? json : undefined;
    }, 20_000);
    expect(driver.reason).toMatch(/^No Docker engine answers at .*docker\.sock/);
    await recovers();
  });

  it('it is restarted: its containers are gone with it', { timeout: 90_000 }, async () => {
    const both = await Promise.all([call({ n: 1, ms: 300 }), call({ n: 2, ms: 300 })]);
    expect(both.map(reply => reply.status)).toEqual([200, 200]);
    const running = call({ n: 3, ms: 20_000 });
    await eventually(async () => ((await pool()).queue.running === 1 ? true : undefined));
    engine.set({ kind: 'gone' });
    await docker('rm', '-f', ...(await container()).split('\n'));
    engine.set({ kind: 'none' });
    const { status, json } = await running;
    expect([status, json.response.status]).toEqual([502, 'action developer error']);
    expect((await rest.get(`_/activations/${json.activationId}`)).json.response).toEqual(json.response);
    await recovers();
  });

  it('a fault while a warm container works does not matter to the call', { timeout: 90_000 }, async () => {
    await eventually(async () => ((await call()).status === 200 ? true : undefined), 15_000);
    const running = call({ ms: 1000, n: 7 });
    await eventually(async () => ((await pool()).queue.running === 1 ? true : undefined));
    engine.set({ kind: 'refuse' });
    expect((await running).json.response.result.n).toBe(7);
    await recovers();
  });

  it.each(['kill', 'rm'] as const)(
    'docker %s behind our back: the right record, then all is well',
    { timeout: 90_000 },
    async how => {
      expect((await call()).status).toBe(200);
      const running = call({ ms: 20_000 });
      await eventually(async () => ((await pool()).queue.running === 1 ? true : undefined));
      await docker(...(how === 'rm' ? ['rm', '-f'] : ['kill']), await container());
      const { status, json } = await running;
      expect([status, json.response.status]).toEqual([502, 'action developer error']);
      expect(json.response.result.error).toMatch(/exited unexpectedly/);
      await recovers();
    },
  );

  it('docker rm of an idle container: the next call gets another', { timeout: 90_000 }, async () => {
    expect((await call()).status).toBe(200);
    await docker('rm', '-f', await container());
    expect((await call()).status).toBe(200);
    await recovers();
  });

  it('docker pause behind our back: the call ends by its time limit, the next one is served', {
    timeout: 90_000,
  }, async () => {
    const sleep = 'const main = () => ({})';
    await rest.action('sleeper', sleep, { limits: { memory: 256, timeout: 3000 } });
    expect((await call()).status).toBe(200);
    await docker('pause', await container());
    const { status, json } = await call();
    if (status !== 200) expect(json.response.result.error).toMatch(/exceeded its time limits of 3000/);
    await rest.action('sleeper', SLEEP, { limits: { memory: 256, timeout: 60_000 } });
    await recovers();
  });

  it('an image deleted: the record says so', { timeout: 90_000 }, async () => {
    const image = 'mw-test/vanishing:1';
    await docker('tag', await imageName('nodejs:20'), image);
    await rest.put('_/actions/vanishing', { exec: { kind: 'blackbox', image, code: 'const main = () => ({})' } });
    expect((await rest.post('_/actions/vanishing?blocking=true', {})).status).toBe(200);
    await eventually(async () => ((await pool()).containers.length === 0 ? true : undefined), 20_000);
    await docker('rmi', image);
    const gone = await eventually(async () => {
      const reply = await rest.post('_/actions/vanishing?blocking=true', {});
      return reply.status === 200 ? undefined : reply;
    }, 30_000);
    expect(gone.json.response.status).toBe('action developer error');
    expect(gone.json.response.result.error).toMatch(/Failed to pull container image/);
    await recovers();
  });
});
