import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LaneLoad, learn, mostBusy, wanted, wantedEagerly } from '../../src/pool/schedule-scale.js';

const load = (more: Partial<LaneLoad> = {}): LaneLoad => ({
  waiting: 1,
  hot: 1,
  coming: 0,
  concurrency: 1,
  stalled: 0,
  debt: 0,
  ...more,
});
const machine = { cores: 2, cold: 200 };

describe('wanted', () => {
  it('starts one container for an action that has none, however many wait', () => {
    expect(wanted(load({ hot: 0 }), machine)).toBe(1);
    expect(wanted(load({ hot: 0, waiting: 200, base: 0.5, recent: 0.5 }), machine)).toBe(1);
    expect(wanted(load({ hot: 0, coming: 1, waiting: 200, base: 0.5, recent: 0.5 }), machine)).toBe(0);
  });

  it('lets calls wait for a hot container that will be free sooner than a new one', () => {
    expect(wanted(load({ waiting: 3, base: 50, recent: 50 }), machine)).toBe(0);
    expect(wanted(load({ waiting: 7, base: 50, recent: 50 }), machine)).toBe(3);
  });

  it('gives each call its container when calls take longer than a cold start', () => {
    expect(wanted(load({ waiting: 5, base: 1000, recent: 1000 }), machine)).toBe(5);
    expect(wanted(load({ waiting: 5, coming: 3, base: 1000, recent: 1000 }), machine)).toBe(2);
    expect(wanted(load({ waiting: 5, concurrency: 2, base: 1000, recent: 1000 }), machine)).toBe(3);
  });

  it('buys a container when the calls have waited as long as it costs', () => {
    const calls = { waiting: 2, base: 20, recent: 20 };
    expect(wanted(load({ ...calls, debt: 199 }), machine)).toBe(0);
    expect(wanted(load({ ...calls, debt: 200 }), machine)).toBe(1);
  });

  it('buys no more at once than there are', () => {
    const calls = { waiting: 20, base: 20, recent: 20, debt: 1e5 };
    expect(wanted(load({ ...calls, hot: 3 }), machine)).toBe(3);
    expect(wanted(load({ ...calls, hot: 3, coming: 2 }), machine)).toBe(1);
  });

  it('holds short calls to the cores', () => {
    const calls = { waiting: 100_000, base: 0.5, recent: 0.5, debt: 1e6 };
    expect(wanted(load(calls), machine)).toBe(1);
    expect(wanted(load({ ...calls, hot: 2 }), machine)).toBe(0);
    expect(wanted(load(calls), { cores: 8, cold: 200 })).toBe(7);
  });

  it('buys nothing that is there when a burst of short calls is over, where it would take a core from them', () => {
    const burst = load({ waiting: 199, base: 0.25, recent: 1, awaited: 0.25, seen: 8 });
    const quick = { cores: 2, cold: 33 };
    expect(wanted(burst, quick)).toBe(0);
    expect(wanted({ ...burst, waiting: 500 }, quick)).toBe(1);
    expect(wanted({ ...burst, debt: 98 }, quick)).toBe(0);
    expect(wanted({ ...burst, debt: 99 }, quick)).toBe(1);
    expect(wanted(burst, { cores: 8, cold: 33 })).toBe(7);
  });

  it('waits for some calls to tell how long short ones take', () => {
    const calls = load({ waiting: 100_000, base: 2.5, recent: 2.5 });
    expect(wanted({ ...calls, seen: 7 }, machine)).toBe(0);
    expect(wanted({ ...calls, seen: 8 }, machine)).toBe(1);
    expect(wanted({ ...calls, base: 1000, recent: 1000, seen: 1 }, machine)).toBeGreaterThan(1);
  });

  it('starts no more when calls take the longer the more containers run', () => {
    expect(wanted(load({ waiting: 50, hot: 4, base: 20, recent: 45 }), machine)).toBe(0);
    expect(wanted(load({ waiting: 50, hot: 4, base: 20, recent: 25, debt: 500 }), machine)).toBeGreaterThan(0);
  });

  it('scales out a lane where nothing moves, whatever its history says', () => {
    const known = { base: 0.5, recent: 0.5 };
    expect(wanted(load({ waiting: 10, stalled: 250, ...known }), machine)).toBe(10);
    expect(mostBusy(load({ waiting: 10, stalled: 250, ...known }), machine)).toBe(Number.POSITIVE_INFINITY);
    // A new action is not known to be short; a known one may be held up for once.
    expect(wanted(load({ waiting: 10, stalled: 50 }), machine)).toBe(6);
    expect(wanted(load({ waiting: 10, stalled: 50, ...known }), machine)).toBe(0);
    expect(wanted(load({ waiting: 10, stalled: 20 }), machine)).toBe(0);
  });

  it('lets no more containers be busy with short calls than there are cores', () => {
    expect(mostBusy(load({ base: 0.5, recent: 9 }), machine)).toBe(2);
    expect(mostBusy(load({ base: 20, recent: 20 }), machine)).toBe(Number.POSITIVE_INFINITY);
    expect(mostBusy(load(), machine)).toBe(Number.POSITIVE_INFINITY);
  });

  const any = fc.record({
    waiting: fc.nat(1000),
    hot: fc.nat(40),
    coming: fc.nat(40),
    concurrency: fc.integer({ min: 1, max: 5 }),
    base: fc.double({ min: 0, max: 5000, noNaN: true }),
    recent: fc.double({ min: 0, max: 5000, noNaN: true }),
    stalled: fc.nat(5000),
    debt: fc.nat(100_000),
  });

  it('never starts a container that no waiting call could use, nor more than `instances`, and never starves', () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 8 }), (one, cores, instances) => {
        for (const rule of [(l: LaneLoad) => wanted(l, { cores, cold: 200 }), wantedEagerly]) {
          const count = rule(one);
          expect(Number.isInteger(count) && count >= 0).toBe(true);
          expect(count * one.concurrency).toBeLessThan(one.waiting + one.concurrency);
          expect(rule({ ...one, instances }) + one.hot + one.coming).toBeLessThanOrEqual(
            Math.max(instances, one.hot + one.coming),
          );
          const alone = { ...one, hot: 0, coming: 0 };
          if (one.waiting > 0) expect(rule(alone)).toBeGreaterThanOrEqual(1);
          // A lane that stands still long enough gets something in the end.
          const stuck = {
            ...one,
            hot: one.hot + 1,
            waiting: one.waiting + one.coming * one.concurrency + 1,
            stalled: 1e9,
          };
          expect(rule(stuck)).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('never wants fewer the longer the queue, the debt or the stall', () => {
    fc.assert(
      fc.property(any, fc.nat(100), fc.nat(1000), (one, waiting, debt) => {
        const count = wanted(one, machine);
        expect(wanted({ ...one, waiting: one.waiting + waiting }, machine)).toBeGreaterThanOrEqual(count);
        expect(wanted({ ...one, debt: one.debt + debt }, machine)).toBeGreaterThanOrEqual(count);
        expect(wanted({ ...one, stalled: one.stalled + debt }, machine)).toBeGreaterThanOrEqual(
          one.stalled >= Math.max(one.base, one.recent) ? count : 0,
        );
      }),
      { numRuns: 5000 },
    );
  });
});

/** A call of `took` ms with nothing to do for the server, beside others. */
const alone = (took: number, parallel: number) => ({ took, idle: took, parallel });

describe('learn', () => {
  it('follows what calls take while the machine has cores to spare', () => {
    let pace = learn(undefined, alone(40, 1), 2);
    expect(pace).toEqual({ base: 40, recent: 40, awaited: 40, seen: 1 });
    for (let i = 0; i < 100; i++) pace = learn(pace, alone(20, 2), 2);
    expect(pace.base).toBeCloseTo(20, 0);
  });

  it('takes a first call for a slow start as long as it can be one', () => {
    let pace = learn(undefined, alone(20, 1), 2);
    expect(pace).toEqual({ base: 2.5, recent: 20, awaited: 20, seen: 1 });
    for (let i = 0; i < 3; i++) pace = learn(pace, alone(20, 1), 2);
    expect(pace.base).toBeGreaterThan(5);
  });

  it('learns after a first call too short to be measured', () => {
    let pace = learn(undefined, alone(0, 1), 2);
    for (let i = 0; i < 40; i++) pace = learn(pace, alone(100, 1), 2);
    expect(pace.base).toBeGreaterThan(5);
  });

  it('is not misled by a few calls that were held up', () => {
    let pace = learn(undefined, alone(1, 1), 2);
    for (let i = 0; i < 300; i++) pace = learn(pace, alone(i % 10 < 4 ? 40 : 1, 1), 2);
    expect(pace.base).toBeLessThan(5);
  });

  it('notices soon that calls have become long', () => {
    let pace = learn(undefined, alone(0.3, 1), 2);
    for (let i = 0; i < 30; i++) pace = learn(pace, alone(100, 1), 2);
    expect(pace.base).toBeGreaterThan(5);
  });

  it('keeps what a call takes by itself while many compute at once', () => {
    let pace = learn(undefined, alone(1, 1), 2);
    for (let i = 0; i < 1000; i++) pace = learn(pace, alone(8, 16), 2);
    expect(pace.recent).toBeCloseTo(8, 0);
    expect(pace.base).toBeCloseTo(1, 5);
  });

  it('does not take what the server had to do itself for a long call', () => {
    let pace = learn(undefined, alone(1, 1), 2);
    for (let i = 0; i < 1000; i++) pace = learn(pace, { took: 25, idle: 0.5, parallel: 2 }, 2);
    expect(pace.base).toBeCloseTo(1, 5);
    pace = learn(undefined, { took: 100, idle: 0.5, parallel: 2 }, 2);
    for (let i = 0; i < 1000; i++) pace = learn(pace, { took: 110, idle: 0.5, parallel: 2 }, 2);
    expect(pace.base).toBe(100);
  });

  it('does not take waiting for computing', () => {
    let pace = learn(undefined, alone(100, 1), 2);
    for (let i = 0; i < 1000; i++) pace = learn(pace, alone(100, 64), 2);
    expect(pace.base).toBeCloseTo(100, 5);
  });
});
