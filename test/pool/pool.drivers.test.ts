import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import type { Driver } from '../../src/pool/driver.js';
import { DockerDriver } from '../../src/pool/drivers/docker.js';
import { ProcessDriver } from '../../src/pool/drivers/process.js';
import type { Executable, Outcome } from '../../src/pool/job.js';
import { createPool, type Pool, type PoolOptions } from '../../src/pool/pool.js';
import { describeDocker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { executable, job } from '../support/pool.js';

interface Made {
  readonly driver: Driver;
  readonly image: string;
  close(): Promise<void>;
}

const processes = async (): Promise<Made> => {
  const directory = await mkdtemp(join(tmpdir(), 'mw-pool-'));
  const driver = new ProcessDriver({ directory, environment: process.env });
  const close = async (): Promise<void> => {
    await driver.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { driver, image: 'none', close };
};

const containers = async (): Promise<Made> => {
  const image = await requireImage('nodejs:20');
  const driver = new DockerDriver({ instance: `pool-test-${randomBytes(4).toString('hex')}` });
  return { driver, image, close: () => driver.close() };
};

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A pool over a real driver, whose containers run the real proxy. */
const openWith = async (
  make: () => Promise<Made>,
  options: Partial<PoolOptions>,
): Promise<Pool & { image: string }> => {
  const { driver, image, close } = await make();
  const pool = createPool({
    memory: 1024,
    pick: () => Promise.resolve(driver),
    namePrefix: `pooltest${process.pid}`,
    labels: {},
    env: () => ({}),
    clock: systemClock,
    scale: 'predictive',
    cores: 2,
    pauseGraceMs: 10_000,
    idleMs: 600_000,
    log: silentLogger(),
    maxQueue: 1000,
    stemCells: [],
    adaptive: false,
    ...options,
  });
  opened.push(async () => {
    await pool.close();
    expect(pool.stats().containers).toEqual([]);
    await close();
  });
  return Object.assign(pool, { image });
};

const action = (code: string, more: Partial<Executable> = {}): Executable =>
  executable('guest/hello', {
    initBody: () =>
      Buffer.from(JSON.stringify({ value: { name: 'hello', main: 'main', code, binary: false, env: {} } })),
    ...more,
  });

const run = (pool: Pool & { image: string }, of: Executable, value: object = {}): Promise<Outcome> =>
  pool.submit(job({ ...of, image: pool.image }, JSON.stringify({ value }), { accepted: Date.now() }));

const poll = <T>(value: () => T) => expect.poll(value, { timeout: 20_000, interval: 5 });

const bodyOf = (outcome: Outcome): unknown =>
  outcome.kind === 'ran' && outcome.result.kind === 'response' ? JSON.parse(outcome.result.body.toString()) : outcome;

const suite = (name: 'process' | 'docker', make: () => Promise<Made>) => (): void => {
  const open = (options: Partial<PoolOptions> = {}) => openWith(make, options);

  it('runs cold, then warm, with the logs of each', async () => {
    const pool = await open();
    const hello = action('const main = ({ n }) => { console.log("n is", n); return { n } }');
    for (const [n, origin] of [
      [1, 'cold'],
      [2, 'warm'],
    ] as const) {
      const outcome = await run(pool, hello, { n });
      expect(bodyOf(outcome)).toEqual({ n });
      expect(outcome).toMatchObject({ kind: 'ran', origin, driver: name });
      const logs = outcome.kind === 'ran' ? await outcome.logs : undefined;
      expect(logs?.lines.map(line => line.slice(31))).toEqual([`stdout: n is ${n}`]);
    }
  });

  it('runs many at once in containers that never hold more than the memory there is', async () => {
    const pool = await open({ memory: 768 });
    const slow = action('const main = ({ n }) => new Promise(r => setTimeout(r, 20, { n }))');
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, n) => run(pool, slow, { n })));
    expect(outcomes.map(bodyOf)).toEqual(Array.from({ length: 40 }, (_, n) => ({ n })));
    expect(pool.stats().memory.used).toBeLessThanOrEqual(768);
    expect(pool.stats().containers.length).toBeLessThanOrEqual(3);
  });

  it('pauses an idle container and resumes it', async () => {
    const pool = await open({ pauseGraceMs: 20 });
    const hello = action('const main = () => ({})');
    await run(pool, hello);
    await poll(() => pool.stats().containers.map(c => c.state)).toEqual(['paused']);
    expect(await run(pool, hello)).toMatchObject({ kind: 'ran', origin: 'paused' });
  });

  it('removes a container that exits in a run or while idle, and after a time-out', async () => {
    const pool = await open();
    const dying = action(
      'const main = ({ how }) => { if (how) process.exit(1); setTimeout(() => process.exit(), 30); return {} }',
    );
    expect(await run(pool, dying, { how: 'now' })).toMatchObject({ phase: 'run', result: { kind: 'connection' } });
    await poll(() => pool.stats().containers).toEqual([]);
    expect(bodyOf(await run(pool, dying))).toEqual({});
    await poll(() => pool.stats().containers).toEqual([]);
    const code = 'const main = ({ loop }) => { if (!loop) return {}; console.log("begun"); for (;;); }';
    const stuck = action(code, { key: 'stuck' });
    await run(pool, stuck);
    const outcome = await run(pool, { ...stuck, timeout: 300 }, { loop: true });
    expect(outcome).toMatchObject({ origin: 'warm', phase: 'run', result: { kind: 'timeout' } });
    const logs = outcome.kind === 'ran' ? await outcome.logs : undefined;
    expect(logs?.lines.map(line => line.slice(31))).toEqual(['stdout: begun']);
    await poll(() => pool.stats().memory.used).toBe(0);
  });

  it('tells when an action was killed for the memory it took', async () => {
    const pool = await open();
    const greedy = action(
      'const main = async () => { const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise(r => setTimeout(r, 5)); } }',
      { memory: 128 },
    );
    expect(await run(pool, greedy)).toMatchObject({ result: { kind: 'connection' }, outOfMemory: true });
  });

  it('runs calls of one container side by side where the action allows it', async () => {
    const pool = await open({ env: () => ({ __OW_ALLOW_CONCURRENT: 'true' }) });
    const code = 'let n = 0; const main = () => new Promise(r => { n++; setTimeout(() => r({ n }), 300); })';
    const shared = action(code, { concurrency: 5 });
    const bodies = (await Promise.all(Array.from({ length: 5 }, () => run(pool, shared)))).map(bodyOf);
    expect(bodies).toContainEqual({ n: 5 });
    expect(pool.stats().containers).toHaveLength(1);
  });

  it('specialises stem cells and replaces them', async () => {
    const image = name === 'docker' ? await requireImage('nodejs:20') : 'none';
    const pool = await open({ stemCells: [{ kind: 'nodejs:20', image, memory: 256, initialCount: 1 }] });
    const states = (): string[] => pool.stats().containers.map(c => c.state);
    await poll(states).toEqual(['prewarmed']);
    expect(await run(pool, action('const main = () => ({})'))).toMatchObject({ origin: 'prewarmed' });
    await poll(() => states().sort()).toEqual(['prewarmed', 'ready']);
  });

  it('closes whatever is under way', async () => {
    const pool = await open();
    const stuck = action('const main = () => { for (;;); }');
    const running = run(pool, stuck);
    await poll(() => pool.stats().queue.running).toBe(1);
    const waiting = run(pool, { ...stuck, key: 'other', memory: 1024 });
    const starting = run(pool, { ...stuck, key: 'third' });
    await pool.close();
    expect(await running).toMatchObject({ kind: 'ran', result: { kind: 'connection' } });
    expect(await waiting).toEqual({ kind: 'stopped' });
    expect(await starting).toEqual({ kind: 'stopped' });
    expect(pool.stats().containers).toEqual([]);
  });
};

describe('pool over processes', suite('process', processes));
describeDocker('pool over Docker containers', suite('docker', containers));
