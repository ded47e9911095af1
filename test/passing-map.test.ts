import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PassingMap } from '../src/passing-map.js';

type Change = { set?: number; delete?: number; clear?: true };

it('holds what a Map holds, in its order, whatever comes and goes', () => {
  const key = fc.integer({ min: 0, max: 200 });
  const change = fc.oneof(
    { weight: 20, arbitrary: fc.record({ set: key }) },
    { weight: 20, arbitrary: fc.record({ delete: key }) },
    { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
  );
  fc.assert(
    fc.property(fc.array(change as fc.Arbitrary<Change>, { maxLength: 2000, size: 'max' }), changes => {
      const map = new Map<number, number>();
      const passing = new PassingMap<number, number>();
      for (const [at, { set, delete: gone, clear }] of changes.entries()) {
        for (const one of [map, passing]) {
          if (set !== undefined) one.set(set, at);
          else if (gone !== undefined) one.delete(gone);
          else if (clear) one.clear();
        }
        expect(passing.size).toBe(map.size);
        const asked = set ?? gone ?? 0;
        expect(passing.get(asked)).toBe(map.get(asked));
        expect(passing.has(asked)).toBe(map.has(asked));
      }
      expect([...passing.values()]).toEqual([...map.values()]);
    }),
    { numRuns: 50 },
  );
});
