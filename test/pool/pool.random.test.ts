import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/pool/client.js';
import type { Outcome } from '../../src/pool/job.js';
import { response } from '../support/fake-driver.js';
import { executable, rig } from '../support/pool.js';

const result: fc.Arbitrary<CallResult> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(response('{}')) },
  { weight: 1, arbitrary: fc.constant(response('{}', 502)) },
  { weight: 1, arbitrary: fc.constant(response('{}', 503)) },
  { weight: 1, arbitrary: fc.boolean().map(beforeSent => ({ kind: 'connection', beforeSent, reason: 'x' }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'noContentLength', status: 200 } as const) },
);

const ms = fc.constantFrom(0, 1, 5, 20, 300);
const step = fc.oneof(
  fc.record({ do: fc.constant('submit' as const), action: fc.nat(4), times: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 50, 400, 2000) }),
  fc.record({ do: fc.constant('die' as const), which: fc.nat(20), outOfMemory: fc.boolean() }),
  fc.record({ do: fc.constant('invalidate' as const), action: fc.nat(4) }),
);

const script = fc.record({
  creates: fc.array(fc.oneof({ weight: 6, arbitrary: ms }, { weight: 1, arbitrary: fc.constant(new Error('no')) }), {
    minLength: 1,
  }),
  runs: fc.array(fc.oneof({ weight: 8, arbitrary: ms }, { weight: 1, arbitrary: fc.constant('never' as const) }), {
    minLength: 1,
  }),
  results: fc.array(result, { minLength: 1 }),
  pause: fc.constantFrom(0, 10, 'fails' as const, 'never' as const),
  resume: fc.constantFrom(0, 10, 'fails' as const, 'never' as const, 'unknown' as const),
  resumesSlowly: fc.boolean(),
  sentinel: ms,
  remove: fc.constantFrom(0, 50),
  startsAtOnce: fc.constantFrom(1, 2, 100),
  scale: fc.constantFrom('predictive' as const, 'eager' as const),
  stemCells: fc.nat(2),
});

const actions = [
  executable('a/one'),
  executable('a/two', { concurrency: 3 }),
  executable('b/large', { memory: 512 }),
  executable('b/small', { memory: 128, instances: 2 }),
  executable('c/quick', { timeout: 1000, sentinels: false }),
];

describe('the whole pool in random trouble', () => {
  it('gives every job one outcome, holds the memory and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.array(step, { maxLength: 25 }), async (s, steps) => {
        let [created, ran, answered] = [0, 0, 0];
        const r = rig(
          {
            create: () => s.creates[created++ % s.creates.length] ?? 0,
            run: () => s.runs[ran++ % s.runs.length] ?? 0,
            result: () => s.results[answered++ % s.results.length] ?? response('{}'),
            init: 5,
            pause: s.pause,
            resume: s.resume,
            resumesSlowly: s.resumesSlowly,
            sentinel: s.sentinel,
            remove: s.remove,
          },
          {
            scale: s.scale,
            startsAtOnce: () => s.startsAtOnce,
            pauseGraceMs: 100,
            idleMs: 1500,
            stemCells: [{ kind: 'nodejs:20', image: 'image', memory: 256, initialCount: s.stemCells }],
            adaptive: true,
          },
        );
        const outcomes: Outcome[] = [];
        let submitted = 0;
        for (const one of steps) {
          if (one.do === 'submit')
            for (let i = 0; i < one.times; i++) {
              submitted++;
              void r.submit(actions[one.action] as never).then(outcome => outcomes.push(outcome));
            }
          if (one.do === 'pass') await r.advance(one.ms, Math.max(1, one.ms / 10));
          if (one.do === 'die') [...r.driver.live][one.which]?.die({ code: 137, outOfMemory: one.outOfMemory });
          if (one.do === 'invalidate') r.pool.invalidate((actions[one.action] as { path: string }).path);
          expect(r.pool.stats().memory.peak).toBeLessThanOrEqual(1024);
        }
        await r.until(() => outcomes.length === submitted, 2_000_000, 1000);
        expect(r.driver.peak).toBeLessThanOrEqual(1024);
        expect(r.pool.stats().memory.peak).toBeGreaterThanOrEqual(r.driver.peak);
        let closed = false;
        void r.pool.close().then(() => {
          closed = true;
        });
        await r.until(() => closed, 100_000, 100);
        await r.advance(0);
        expect(outcomes).toHaveLength(submitted);
        expect(r.driver.live.size).toBe(0);
        const { memory, containers, queue } = r.pool.stats();
        expect({ used: memory.used, containers, queue }).toEqual({
          used: 0,
          containers: [],
          queue: { waiting: 0, running: 0, lanes: [] },
        });
      }),
      { numRuns: 150, interruptAfterTimeLimit: 60_000 },
    );
  }, 240_000);
});
