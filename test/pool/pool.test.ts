import { describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/pool/client.js';
import { CommandNotFoundError, ImageError } from '../../src/pool/driver.js';
import type { Outcome } from '../../src/pool/job.js';
import { QueueFull } from '../../src/pool/job.js';
import { response, type Script } from '../support/fake-driver.js';
import { executable, flush, type Rig, rig } from '../support/pool.js';

const hello = executable('guest/hello');
const quick = executable('guest/hello', { timeout: 1000 });

/** Advances time until the outcome is there. */
const ended = async <T>(r: Rig, promise: Promise<T>, limit?: number, step?: number): Promise<T> => {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  watched.catch(() => undefined);
  await r.until(() => done, limit, step);
  return watched;
};

const close = async (r: Rig): Promise<void> => {
  await ended(r, r.pool.close(), 120_000);
  await flush();
  expect(r.pool.stats().memory.used).toBe(0);
  expect(r.pool.stats().queue).toEqual({ waiting: 0, running: 0, lanes: [] });
};

const states = (r: Rig): string[] => r.pool.stats().containers.map(c => c.state);

describe('pool', () => {
  it('starts a container, initialises it, runs, and keeps it for the next job', async () => {
    const r = rig({ create: 200, init: 5, run: 3 });
    const first = await ended(r, r.submit(hello));
    expect(first).toMatchObject({ kind: 'ran', origin: 'cold', initMs: 5, phase: 'run', driver: 'process' });
    const second = await ended(r, r.submit(hello));
    expect(second).toMatchObject({ kind: 'ran', origin: 'warm' });
    expect(second).toHaveProperty('initMs', undefined);
    expect(r.driver.made).toHaveLength(1);
    expect(r.pool.stats().counters).toMatchObject({ cold: 1, warm: 1, taken: 2, longestWait: 200 });
    await close(r);
    expect(r.driver.live.size).toBe(0);
  });

  it('replies before the logs are read, and runs nothing in the container until then', async () => {
    const r = rig({ create: 200, run: 5, sentinel: 50 });
    await ended(r, r.submit(hello));
    const second = r.submit(hello);
    await r.advance(20, 5);
    expect(r.driver.made[0]?.calls).toBe(1);
    expect(states(r)).toEqual(['running']);
    expect(await ended(r, second)).toMatchObject({ origin: 'warm' });
    await close(r);
  });

  it('shares a container between `concurrency` jobs', async () => {
    const r = rig({ run: 100 });
    const shared = executable('guest/shared', { concurrency: 3 });
    const jobs = [1, 2, 3].map(() => r.submit(shared));
    await r.until(() => r.driver.made[0]?.inFlight === 3);
    expect(r.driver.made).toHaveLength(1);
    await ended(r, Promise.all(jobs));
    await close(r);
  });

  it('keeps first in, first out within an action, and lets urgent jobs pass', async () => {
    const r = rig({ run: 10 });
    const order: string[] = [];
    const jobs = ['a', 'b', 'c'].map(name => r.submit(hello, name, { onStart: () => order.push(name) }));
    jobs.push(r.submit(hello, 'urgent', { urgent: true, onStart: () => order.push('urgent') }));
    await ended(r, Promise.all(jobs));
    expect(order).toEqual(['urgent', 'a', 'b', 'c']);
    await close(r);
  });

  it('refuses what the queue cannot hold, and what the pool never could run', async () => {
    const r = rig({ create: 'never' as never, run: 5 }, { maxQueue: 2 });
    r.driver.script.create = 100;
    const jobs = [r.submit(hello), r.submit(hello)];
    await expect(r.submit(hello)).rejects.toBeInstanceOf(QueueFull);
    await ended(r, Promise.all(jobs));
    expect(await r.submit(executable('guest/huge', { memory: 4096 }))).toMatchObject({ kind: 'notProvisioned' });
    await close(r);
  });

  it('holds an action to its `instances`', async () => {
    const r = rig({ run: 1000 }, { scale: 'eager' });
    const limited = executable('guest/limited', { instances: 2 });
    const jobs = Array.from({ length: 4 }, () => r.submit(limited));
    await ended(r, Promise.all(jobs));
    expect(r.driver.made).toHaveLength(2);
    await close(r);
  });

  it('evicts the container used least recently, and never holds more memory than there is', async () => {
    const r = rig({ create: 10, run: 5, remove: 30 }, { memory: 512 });
    for (const name of ['a', 'b', 'a', 'c']) await ended(r, r.submit(executable(`guest/${name}`)));
    expect(
      r.pool
        .stats()
        .containers.map(c => c.path)
        .sort(),
    ).toEqual(['guest/a', 'guest/c']);
    expect(r.pool.stats().counters.evictions).toBe(1);
    expect(r.driver.peak).toBeLessThanOrEqual(512);
    await close(r);
  });

  it('pauses what is idle, resumes it for a job, and removes it in the end', async () => {
    const r = rig({ run: 1, pause: 5, resume: 5 });
    await ended(r, r.submit(hello));
    await r.advance(10_100, 50);
    expect(states(r)).toEqual(['paused']);
    expect(await ended(r, r.submit(hello))).toMatchObject({ origin: 'paused' });
    await r.advance(10_100, 50);
    const pausing = r.driver.operations.filter(o => o === 'pause').length;
    expect(pausing).toBe(2);
    await r.advance(600_000, 5000);
    expect(states(r)).toEqual([]);
    await close(r);
  });

  it('keeps the last containers of an action for as long as its namespace may', async () => {
    const r = rig({ run: 100 }, { scale: 'eager', memory: 1024, idleMs: 5000 });
    const kept = executable('guest/kept', { keep: { count: 2, ms: 60_000 } });
    await Promise.all([kept, kept, kept].map(e => ended(r, r.submit(e))));
    expect(states(r)).toHaveLength(3);
    await r.advance(5100, 50);
    expect(states(r)).toHaveLength(2);
    await r.advance(54_000, 500);
    expect(states(r)).toHaveLength(2);
    await r.advance(1500, 50);
    expect(states(r)).toEqual([]);
    await close(r);
  });

  it('arms no timer for a warm call', async () => {
    const r = rig();
    await ended(r, r.submit(hello));
    const before = r.clock.pending;
    r.driver.script.run = 0;
    for (let i = 0; i < 5; i++) await ended(r, r.submit(hello));
    // The scripted client's own time limit for each call is all there is more.
    expect(r.clock.pending).toBeLessThanOrEqual(before + 5);
    await close(r);
  });

  it('removes the containers of an action that changed, and lets its waiting jobs end first', async () => {
    const r = rig({ run: 50 });
    const [a, b] = [r.submit(hello), r.submit(hello)];
    await r.until(() => r.pool.stats().queue.running === 1);
    r.pool.invalidate('guest/hello');
    expect(await ended(r, Promise.all([a, b]))).toMatchObject([{ kind: 'ran' }, { kind: 'ran' }]);
    await r.until(() => states(r).length === 0);
    await ended(r, r.submit(executable('guest/pkg/one')));
    r.pool.invalidate('guest/pk');
    expect(states(r)).toEqual(['ready']);
    r.pool.invalidate('guest/pkg');
    await flush();
    expect(states(r)).toEqual([]);
    await close(r);
  });

  it('prepares a container without running anything in it, one for all actions of a kind and memory', async () => {
    const r = rig({ create: 200, run: 1 });
    r.pool.prepare(hello);
    r.pool.prepare(executable('guest/other'));
    await r.advance(1000, 10);
    expect(states(r)).toEqual(['prewarmed']);
    expect(await ended(r, r.submit(hello))).toMatchObject({ origin: 'prewarmed', initMs: 0 });
    await r.advance(700_000, 10_000);
    expect(states(r)).toEqual([]);
    await close(r);
  });
});

describe('trouble', () => {
  const failures: [string, Error, Partial<Outcome>][] = [
    ['the image cannot be had', new ImageError('x:y', 'no such image'), { kind: 'imageFailed', image: 'x:y' }],
    ['the image has no such command', new CommandNotFoundError('x:y'), { kind: 'commandNotFound', image: 'x:y' }],
    ['the engine fails', new Error('no space'), { kind: 'notProvisioned', reason: 'no space' }],
  ];
  it.each(failures)('ends the jobs that waited when %s, and tries again for later ones', async (_, error, outcome) => {
    const r = rig({ create: () => error });
    expect(await ended(r, Promise.all([r.submit(hello), r.submit(hello)]))).toMatchObject([outcome, outcome]);
    r.driver.script.create = 0;
    expect(await ended(r, r.submit(hello))).toMatchObject({ kind: 'ran' });
    await close(r);
  });

  it('ends as many as may wait when the image cannot be had', async () => {
    const r = rig({ create: () => new ImageError('x:y', 'no such image') }, { maxQueue: 50_000 });
    const outcomes = await ended(r, Promise.all(Array.from({ length: 30_000 }, () => r.submit(hello))));
    expect(new Set(outcomes.map(o => o.kind))).toEqual(new Set(['imageFailed']));
    await close(r);
  });

  it('fails nobody when only one more container could not be made', async () => {
    const r = rig({ run: 500 }, { scale: 'eager' });
    const first = r.submit(hello);
    await r.until(() => r.pool.stats().queue.running === 1);
    r.driver.script.create = () => new Error('no space');
    const rest = Array.from({ length: 3 }, () => r.submit(hello));
    const outcomes = await ended(r, Promise.all([first, ...rest]));
    expect(outcomes.map(o => o.kind)).toEqual(['ran', 'ran', 'ran', 'ran']);
    await close(r);
  });

  it.each([
    ['a developer error', () => response('{"error":"x"}', 502)],
    ['no JSON object', () => response('"text"')],
    ['no length', () => ({ kind: 'noContentLength', status: 200 }) as const],
  ])('removes the container after %s', async (_, result) => {
    const r = rig({ result });
    expect(await ended(r, r.submit(hello))).toMatchObject({ phase: 'run', result: result() });
    await r.until(() => states(r).length === 0);
    await close(r);
  });

  it('keeps the container after an application error and an answer that was too long', async () => {
    const r = rig({ result: () => response('{"error":"x"}') });
    await ended(r, r.submit(hello));
    r.driver.script.result = () => ({ ...(response('x') as object), truncated: true, length: 2e6 }) as never;
    await ended(r, r.submit(hello));
    expect(states(r)).toEqual(['ready']);
    await close(r);
  });

  it('reports a failed /init and removes the container', async () => {
    const r = rig({ initResult: () => response('{"error":"no code"}', 502) });
    expect(await ended(r, r.submit(hello))).toMatchObject({ phase: 'init', initMs: 0, result: { status: 502 } });
    await r.until(() => states(r).length === 0);
    await close(r);
  });

  it('tells that a container ended in /init though no answer of it ever comes', async () => {
    const never = new Promise<never>(() => undefined);
    const r = rig();
    const { logs } = r.driver.wiring();
    const client = () => ({ init: () => never, run: () => never, ahead: () => never, close: () => undefined });
    const stuck = rig({}, { pick: () => Promise.resolve(r.driver), wiring: { client: client as never, logs } });
    const job = stuck.submit(hello);
    await stuck.advance(10, 5);
    r.driver.made[0]?.die();
    expect(await ended(stuck, job)).toMatchObject({ phase: 'init', initMs: 10, result: { kind: 'connection' } });
    await close(stuck);
  });

  it('evicts no more than the engine replaces now and next, and goes on as it gets there', async () => {
    const r = rig({ create: 100, run: 5_000, remove: 20 }, { memory: 1024, scale: 'eager', startsAtOnce: () => 1 });
    const before = Array.from({ length: 4 }, () => r.submit(hello));
    await ended(r, Promise.all(before));
    const jobs = Array.from({ length: 4 }, () => r.submit(executable('guest/next')));
    await r.advance(30, 5);
    expect(states(r).filter(state => state === 'ready')).toHaveLength(2);
    await ended(r, Promise.all(jobs));
    expect(r.pool.stats().counters.evictions).toBe(4);
    expect(r.driver.peak).toBe(1024);
    await close(r);
  });

  it('removes a container at once when /run takes too long, and one whose answer came too late', async () => {
    const slow = executable('guest/slow', { timeout: 100 });
    const r = rig({ run: () => 'never' });
    expect(await ended(r, r.submit(slow))).toMatchObject({ result: { kind: 'timeout' }, runMs: 100 });
    await r.until(() => states(r).length === 0);
    await close(r);
  });

  it('tells that a container was killed for its memory', async () => {
    const r = rig({ run: () => 'never' });
    const job = r.submit(hello);
    await r.until(() => r.pool.stats().queue.running === 1);
    r.driver.made[0]?.die({ code: 137, outOfMemory: true });
    expect(await ended(r, job)).toMatchObject({ result: { kind: 'connection' }, outOfMemory: true });
    await close(r);
  });

  it('notices at once when an idle container dies', async () => {
    const r = rig();
    await ended(r, r.submit(hello));
    r.driver.made[0]?.die();
    await flush();
    expect(states(r)).toEqual([]);
    expect(await ended(r, r.submit(hello))).toMatchObject({ kind: 'ran', origin: 'cold' });
    await close(r);
  });

  it('tries another container when one ends before /init reaches it, and blames the image for the second', async () => {
    const r = rig({ init: 100, initResult: () => ({ kind: 'connection', beforeSent: true, reason: 'refused' }) });
    const outcome = await ended(r, r.submit(hello));
    expect(outcome).toMatchObject({ kind: 'ran', phase: 'init', result: { kind: 'connection' } });
    expect(r.driver.made).toHaveLength(2);
    await close(r);
  });

  it('gives a job that /run refused with 503 to another container, and gives up in the end', async () => {
    let refusals = 2;
    const started: number[] = [];
    const r = rig({ create: 100, result: () => response('{}', refusals-- > 0 ? 503 : 200) });
    const outcome = await ended(r, r.submit(hello, '{}', { onStart: () => started.push(1) }));
    expect(outcome).toMatchObject({ kind: 'ran', result: { status: 200 } });
    expect(started).toHaveLength(1);
    expect(r.driver.made).toHaveLength(3);
    refusals = Number.POSITIVE_INFINITY;
    expect(await ended(r, r.submit(hello), 200_000)).toMatchObject({ kind: 'notProvisioned' });
    await close(r);
  });

  it.each(['never', 'fails'] as const)('requeues a job when the resume %s', async how => {
    const r = rig({ run: 1 });
    await ended(r, r.submit(hello));
    await r.advance(10_100, 100);
    r.driver.script.resume = how;
    expect(await ended(r, r.submit(hello))).toMatchObject({ kind: 'ran', origin: 'cold' });
    expect(r.pool.stats().counters.requeues).toBe(1);
    await close(r);
  });

  describe('a container that resumes slowly', () => {
    const paused = async (resume: Script['resume'], run: Script['run'] = 1) => {
      const r = rig({ run, pause: 5, resumesSlowly: true });
      await ended(r, r.submit(hello));
      await r.advance(10_100, 50);
      expect(states(r)).toEqual(['paused']);
      r.driver.script.resume = resume as never;
      return r;
    };

    it('is sent the run at once, and its answer is not kept until the engine answers', async () => {
      const r = await paused(40);
      const before = r.clock.now();
      const outcome = await ended(r, r.submit(hello), 1000, 1);
      expect(outcome).toMatchObject({ kind: 'ran', origin: 'paused', result: { status: 200 } });
      // It runs after 20 ms, and its run takes 1 ms.
      expect(r.clock.now() - before).toBeLessThan(30);
      await close(r);
    });

    it('counts the time that the container itself says', async () => {
      const r = await paused(40);
      r.driver.script.result = () => ({ ...response('{}'), took: 1.5 }) as CallResult;
      expect(await ended(r, r.submit(hello), 1000, 1)).toMatchObject({ runMs: 1.5 });
      await close(r);
    });

    it('has the whole time limit after it was resumed', async () => {
      let calls = 0;
      const r = await paused(4_000, () => (calls++ === 0 ? 1 : 'never'));
      const before = r.clock.now();
      expect(await ended(r, r.submit(quick), 20_000, 10)).toMatchObject({ result: { kind: 'timeout' } });
      expect(r.clock.now() - before).toBeGreaterThan(4_000);
      await close(r);
    });

    it('gives the job to another when the engine says that it stands still', async () => {
      const r = await paused('fails');
      expect(await ended(r, r.submit(hello))).toMatchObject({ kind: 'ran', origin: 'cold', result: { status: 200 } });
      await close(r);
    });

    it.each(['never', 'unknown'] as const)('does not give it to another when the resume %s: it may run', async how => {
      const r = await paused(how);
      const made = r.driver.made.length;
      expect(await ended(r, r.submit(hello), 100_000, 50)).toMatchObject({ result: { kind: 'timeout' } });
      expect(r.driver.made.length).toBe(made);
      expect(r.driver.made[0]?.calls).toBe(2);
      await close(r);
    });

    it('does not give it to another when it dies', async () => {
      const r = await paused('never');
      const outcome = r.submit(hello);
      await r.advance(10);
      r.driver.made[0]?.die();
      expect(await ended(r, outcome)).toMatchObject({ kind: 'ran', result: { kind: 'connection', beforeSent: false } });
      expect(r.driver.made.reduce((n, c) => n + c.calls, 0)).toBe(2);
      await close(r);
    });
  });

  it.each(['never', 'fails'] as const)('does not lose memory to a pause that %s', async how => {
    const r = rig({ run: 1, pause: how });
    await ended(r, r.submit(hello));
    await r.advance(21_000, 500);
    expect(r.pool.stats().memory.used).toBe(0);
    await close(r);
  });

  it('does not lose memory to a container that the engine does not remove', async () => {
    const r = rig({ run: 1, remove: 'never' }, { memory: 256 });
    await ended(r, r.submit(hello));
    expect(await ended(r, r.submit(executable('guest/other')), 60_000)).toMatchObject({ kind: 'ran' });
  });

  it('removes a container that comes after it was given up', async () => {
    const r = rig({ create: 700_000 });
    expect(await ended(r, r.submit(hello), 650_000)).toMatchObject({ kind: 'notProvisioned' });
    await r.advance(200_000, 1000);
    expect(r.driver.live.size).toBe(0);
    r.driver.script.create = 0;
    await close(r);
  });

  it('ends a job whose own functions throw', async () => {
    const r = rig();
    const bad = {
      runBody: () => {
        throw new Error('bad');
      },
    };
    expect(await ended(r, r.submit(hello, '', bad))).toMatchObject({ result: { kind: 'connection', reason: 'bad' } });
    expect(await ended(r, r.submit(hello))).toMatchObject({ kind: 'ran', origin: 'cold' });
    await close(r);
  });
});

describe('stopping', () => {
  it('answers as many as may wait, and lets the running one end', async () => {
    const r = rig({ run: 300 }, { memory: 256, maxQueue: 50_000 });
    const jobs = Array.from({ length: 30_000 }, () => r.submit(hello));
    await r.until(() => r.pool.stats().queue.running === 1);
    const drained = ended(r, r.pool.drain(5000));
    const outcomes = await ended(r, Promise.all(jobs));
    await drained;
    expect(outcomes.filter(o => o.kind === 'ran')).toHaveLength(1);
    expect(outcomes.filter(o => o.kind === 'stopped')).toHaveLength(29_999);
    await close(r);
  });

  it('lets running jobs end and answers waiting ones', async () => {
    const r = rig({ run: 300 }, { memory: 256 });
    const [running, waiting] = [r.submit(hello), r.submit(hello)];
    await r.until(() => r.pool.stats().queue.running === 1);
    const drained = ended(r, r.pool.drain(5000));
    expect(await waiting).toEqual({ kind: 'stopped' });
    expect(await r.submit(hello)).toEqual({ kind: 'stopped' });
    await drained;
    expect(await running).toMatchObject({ kind: 'ran' });
    await close(r);
  });

  it('waits no longer than it may', async () => {
    const r = rig({ run: () => 'never' });
    const job = r.submit(hello);
    await r.until(() => r.pool.stats().queue.running === 1);
    const start = r.clock.now();
    await ended(r, r.pool.drain(5000));
    expect(r.clock.now() - start).toBe(5000);
    await close(r);
    expect(await job).toMatchObject({ kind: 'ran', result: { kind: 'connection' } });
  });

  it('leaves nothing behind when containers are starting', async () => {
    const r = rig({ create: 300 });
    const job = r.submit(hello);
    await r.advance(100);
    await close(r);
    expect(await job).toEqual({ kind: 'stopped' });
    expect(r.driver.live.size).toBe(0);
  });
});
