import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { ProcessDriver } from '../../src/pool/drivers/process.js';
import type { Executable, Outcome } from '../../src/pool/job.js';
import { createPool, type Pool, type PoolOptions } from '../../src/pool/pool.js';
import { executable, job } from '../support/pool.js';

/** The pool over real processes that run the real proxy. */
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const open = async (options: Partial<PoolOptions> = {}): Promise<Pool> => {
  const directory = await mkdtemp(join(tmpdir(), 'mw-pool-'));
  const driver = new ProcessDriver({ directory, environment: process.env });
  const pool = createPool({
    memory: 1024,
    pick: () => Promise.resolve(driver),
    namePrefix: 'wsk0',
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
    await driver.close();
    await rm(directory, { recursive: true, force: true });
  });
  return pool;
};

const action = (code: string, more: Partial<Executable> = {}): Executable =>
  executable('guest/hello', {
    initBody: () =>
      Buffer.from(JSON.stringify({ value: { name: 'hello', main: 'main', code, binary: false, env: {} } })),
    ...more,
  });

const run = (pool: Pool, of: Executable, value: object = {}): Promise<Outcome> =>
  pool.submit(job(of, JSON.stringify({ value }), { accepted: Date.now() }));

const poll = <T>(value: () => T) => expect.poll(value, { timeout: 20_000, interval: 5 });

const bodyOf = (outcome: Outcome): unknown =>
  outcome.kind === 'ran' && outcome.result.kind === 'response' ? JSON.parse(outcome.result.body.toString()) : outcome;

describe('pool over processes', () => {
  it('runs cold, then warm, with the logs of each', async () => {
    const pool = await open();
    const hello = action('const main = ({ n }) => { console.log("n is", n); return { n } }');
    for (const [n, origin] of [
      [1, 'cold'],
      [2, 'warm'],
    ] as const) {
      const outcome = await run(pool, hello, { n });
      expect(bodyOf(outcome)).toEqual({ n });
      expect(outcome).toMatchObject({ kind: 'ran', origin, driver: 'process' });
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
    const stuck = action('const main = () => { console.log("begun"); for (;;); }', { key: 'stuck', timeout: 200 });
    const outcome = await run(pool, stuck);
    expect(outcome).toMatchObject({ phase: 'run', result: { kind: 'timeout' } });
    const logs = outcome.kind === 'ran' ? await outcome.logs : undefined;
    expect(logs?.lines.map(line => line.slice(31))).toEqual(['stdout: begun']);
    await poll(() => pool.stats().memory.used).toBe(0);
  });

  it('specialises stem cells and replaces them', async () => {
    const stem = { kind: 'nodejs:20', image: 'image', memory: 256 };
    const pool = await open({ stemCells: [{ ...stem, initialCount: 1 }] });
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
});
