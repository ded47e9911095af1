import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Run, Runs } from '../../src/store/runs.js';

const step = fc.record({
  what: fc.constantFrom('insert', 'grow', 'remove', 'look'),
  at: fc.nat(1000),
  n: fc.integer({ min: 1, max: 9 }),
});

it('keeps its sums right, whatever changes between two looks at them', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const model: Run[] = [];
      const runs = new Runs([]);
      for (const { what, at, n } of steps) {
        const i = model.length === 0 ? 0 : at % model.length;
        if (what === 'insert') {
          // Keys stay in order: only the place among equal ones differs.
          runs.insert(i, { start: 1, seq: 1, n });
          model.splice(i, 0, { start: 1, seq: 1, n });
        } else if (model.length > 0 && what === 'grow') {
          runs.grow(i, n);
          (model[i] as Run).n += n;
        } else if (model.length > 0 && what === 'remove') {
          runs.replace(i);
          model.splice(i, 1);
        }
        const before = (end: number): number => model.slice(0, end).reduce((sum, run) => sum + run.n, 0);
        expect(runs.total).toBe(before(model.length));
        expect(runs.length).toBe(model.length);
        if (what !== 'look') continue;
        expect(runs.before(i)).toBe(before(i));
        const newer = at % (runs.total + 2);
        const found = runs.withNewer(newer);
        const above = (run: number): number => runs.total - before(run + 1);
        if (newer < runs.total) {
          expect(above(found)).toBeLessThanOrEqual(newer);
          expect(above(found - 1)).toBeGreaterThan(newer);
        } else expect(found).toBe(0);
      }
    }),
    { numRuns: 1000 },
  );
});
