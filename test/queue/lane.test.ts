import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lane } from '../../src/queue/lane.js';

interface Taken {
  readonly job: number;
  release(): void;
}

const open = () => {
  const taken: Taken[] = [];
  const lane = new Lane<number>(job => new Promise(resolve => void taken.push({ job, release: resolve })));
  return { lane, taken, jobs: () => taken.map(t => t.job) };
};

const flush = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('Lane', () => {
  it('takes nothing without a slot, and at once with one', () => {
    const { lane, jobs } = open();
    lane.add(1, false);
    expect([lane.waiting, jobs()]).toEqual([1, []]);
    lane.slots = 1;
    expect([lane.waiting, jobs()]).toEqual([0, [1]]);
    lane.add(2, false);
    expect([lane.waiting, jobs()]).toEqual([1, [1]]);
    lane.slots = 2;
    expect(jobs()).toEqual([1, 2]);
  });

  it('keeps a slot until its job lets go of it', async () => {
    const { lane, taken, jobs } = open();
    lane.slots = 1;
    for (const job of [1, 2]) lane.add(job, false);
    await flush();
    expect(jobs()).toEqual([1]);
    taken[0]?.release();
    await flush();
    expect(jobs()).toEqual([1, 2]);
  });

  it('goes on in the same way however often it has come to rest', async () => {
    const { lane, taken, jobs } = open();
    const all = Array.from({ length: 300 }, (_, job) => job);
    for (let at = 0; at < all.length; at += 3) {
      lane.slots = 0;
      for (const job of all.slice(at, at + 3)) lane.add(job, false);
      expect(lane.waiting).toBe(3);
      lane.slots = 2;
      expect(jobs()).toEqual(all.slice(0, at + 2));
      for (let next = at; next < at + 3; next++) {
        taken[next]?.release();
        await flush();
      }
    }
    expect(jobs()).toEqual(all);
  });

  it('lets urgent jobs pass, in their order', () => {
    const { lane, jobs } = open();
    for (const [job, urgent] of [
      [1, false],
      [2, true],
      [3, false],
      [4, true],
    ] as const)
      lane.add(job, urgent);
    lane.slots = 4;
    expect(jobs()).toEqual([2, 4, 1, 3]);
  });

  it('has never more jobs taken than slots, whatever happens, and forgets none', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), urgent: fc.boolean() }),
      fc.record({ do: fc.constant('slots' as const), n: fc.nat(4) }),
      fc.record({ do: fc.constant('release' as const), which: fc.nat(5) }),
      fc.record({ do: fc.constant('flush' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const held = new Map<number, () => void>();
        const seen: number[] = [];
        let added = 0;
        let slots = 0;
        const lane = new Lane<number>(job => {
          seen.push(job);
          expect(held.size).toBeLessThan(slots);
          return new Promise(resolve => void held.set(job, resolve));
        });
        for (const one of steps) {
          if (one.do === 'add') lane.add(added++, one.urgent);
          if (one.do === 'slots') {
            slots = one.n;
            lane.slots = slots;
          }
          if (one.do === 'flush') await flush();
          if (one.do === 'release') {
            const job = [...held.keys()][one.which];
            if (job === undefined) continue;
            held.get(job)?.();
            held.delete(job);
          }
          expect(lane.waiting + seen.length).toBe(added);
        }
        slots = 1000;
        lane.slots = slots;
        for (const release of held.values()) release();
        await flush();
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: added }, (_, i) => i));
      }),
      { numRuns: 300 },
    );
  });
});
