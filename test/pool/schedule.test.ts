import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cell, choose, type Idle, type Need, type PlanInput, plan, yields } from '../../src/pool/schedule.js';
import type { StateName } from '../../src/pool/state.js';

const candidate = (at: StateName, free = 1, lastUsed = 0) => ({ state: { at }, free, lastUsed });

describe('choose', () => {
  it('takes hot before warm before paused before prewarmed', () => {
    const all = (['prewarmed', 'pausing', 'paused', 'ready', 'running'] as const).map(at => candidate(at));
    for (const at of ['running', 'ready', 'paused', 'pausing', 'prewarmed']) {
      const chosen = choose(all);
      expect(chosen?.state.at).toBe(at);
      all.splice(all.indexOf(chosen as (typeof all)[number]), 1);
    }
    expect(choose(all)).toBeUndefined();
  });

  it('takes the one used last, and none without a free slot', () => {
    const late = candidate('ready', 1, 2);
    expect(choose([candidate('ready', 1, 1), late, candidate('ready', 0, 3)])).toBe(late);
    expect(choose([candidate('running', 0), candidate('ready', 0)])).toBeUndefined();
  });
});

const need = (lane: string, more: Partial<Need<string>> = {}): Need<string> => ({
  lane,
  count: 1,
  memory: 256,
  held: 0,
  namespace: lane,
  namespaceHeld: 0,
  since: 0,
  stem: 'node',
  ...more,
});
const idle = (container: string, lastUsed: number, memory = 256): Idle<string> => ({ container, lastUsed, memory });
const cell = (container: string, more: Partial<Cell<string>> = {}): Cell<string> => ({
  ...idle(container, 0),
  stem: 'node',
  started: true,
  spare: false,
  ...more,
});
const planned = (input: Partial<PlanInput<string, string>>) => {
  const { decisions, starved } = plan({
    now: 0,
    free: 0,
    coming: 0,
    starts: Number.POSITIVE_INFINITY,
    needs: [],
    idle: [],
    cells: [],
    ...input,
  });
  return {
    decisions: decisions.map(d =>
      [d.do, ...('lane' in d ? [d.lane] : []), ...('container' in d ? [d.container] : [])].join(' '),
    ),
    starved: starved.map(s => s.lane),
  };
};

describe('plan', () => {
  it('adopts a stem cell, a started one first, before it makes a container', () => {
    const cells = [cell('coming', { started: false }), cell('other', { stem: 'go' }), cell('here')];
    expect(planned({ free: 256, cells, needs: [need('a', { count: 3 })] }).decisions).toEqual([
      'adopt a here',
      'adopt a coming',
      'create a',
    ]);
  });

  it('evicts the container idle longest, and as few as suffice', () => {
    const input = { idle: [idle('young', 9), idle('old', 1), idle('middle', 5)], needs: [need('a')] };
    expect(planned(input).decisions).toEqual(['evict old']);
    expect(planned({ ...input, free: 128 }).decisions).toEqual(['evict old']);
    expect(planned({ ...input, needs: [need('a', { memory: 512 })] }).decisions).toEqual(['evict old', 'evict middle']);
  });

  it('evicts nothing more while memory that suffices is coming', () => {
    expect(planned({ coming: 256, idle: [idle('x', 1)], needs: [need('a')] })).toEqual({ decisions: [], starved: [] });
  });

  it('evicts nothing for a container whose turn at the engine is far', () => {
    const input = { idle: [idle('old', 1), idle('next', 2), idle('young', 3)], needs: [need('a', { count: 3 })] };
    expect(planned({ ...input, starts: 2 })).toEqual({ decisions: ['evict old', 'evict next'], starved: [] });
    expect(planned({ ...input, starts: 2, coming: 256 }).decisions).toEqual(['evict old']);
    expect(planned({ ...input, starts: 2, free: 256 }).decisions).toEqual(['create a', 'evict old']);
    expect(planned({ ...input, starts: -1, free: 256 })).toEqual({ decisions: ['create a'], starved: [] });
    const cells = [cell('cell')];
    expect(planned({ ...input, starts: 0, cells })).toEqual({ decisions: ['adopt a cell'], starved: [] });
  });

  it('evicts nothing at all when that would not suffice', () => {
    expect(planned({ idle: [idle('x', 1)], needs: [need('a', { memory: 512 })] })).toEqual({
      decisions: [],
      starved: ['a'],
    });
  });

  it('evicts the manifest’s stem cells only for a lane that has nothing, spare ones for every lane', () => {
    const other = { stem: 'go', held: 256 };
    expect(planned({ cells: [cell('c')], needs: [need('a', other)] }).starved).toEqual(['a']);
    expect(planned({ cells: [cell('c')], needs: [need('a', { stem: 'go' })] }).decisions).toEqual(['evict c']);
    expect(planned({ cells: [cell('c', { spare: true })], needs: [need('a', other)] }).decisions).toEqual(['evict c']);
  });

  it('serves lanes that hold nothing first, then takes turns between namespaces', () => {
    const needs = [
      need('a1', { count: 3, held: 256, namespace: 'a', namespaceHeld: 256 }),
      need('a2', { count: 3, namespace: 'a', namespaceHeld: 256, since: 1 }),
      need('b1', { count: 3, namespace: 'b', since: 2 }),
    ];
    expect(planned({ free: 4 * 256, needs }).decisions).toEqual(['create b1', 'create a2', 'create b1', 'create a1']);
  });

  it('lets young needs use what an older, larger one cannot, and keeps it for that one after a while', () => {
    const needs = [need('large', { memory: 1024, since: 0 }), need('small', { since: 1 })];
    expect(planned({ now: 500, free: 256, needs })).toEqual({ decisions: ['create small'], starved: ['large'] });
    expect(planned({ now: 1000, free: 256, needs })).toEqual({ decisions: [], starved: ['large', 'small'] });
  });

  const memory = fc.constantFrom(128, 256, 512, 1024);
  const needs = fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 4 }),
      memory,
      held: memory,
      empty: fc.boolean(),
      since: fc.nat(3000),
    }),
    { maxLength: 5 },
  );
  const stems = fc.constantFrom('node', 'go');
  const containers = fc.array(fc.record({ memory, lastUsed: fc.nat(100) }), { maxLength: 6 });
  const cells = fc.array(fc.record({ memory, stem: stems, started: fc.boolean(), spare: fc.boolean() }), {
    maxLength: 4,
  });

  it('never gives out more memory than there is, and uses no container twice', () => {
    fc.assert(
      fc.property(
        fc.nat(2048),
        fc.nat(1024),
        fc.nat(6),
        needs,
        containers,
        cells,
        (free, coming, starts, ns, is, cs) => {
          const lanes = ns.map((n, i) =>
            need(`lane${i}`, { ...n, held: n.empty ? 0 : n.held, namespaceHeld: n.held, namespace: `ns${i % 2}` }),
          );
          const idles = is.map((one, i) => idle(`idle${i}`, one.lastUsed, one.memory));
          const stemCells = cs.map((one, i) => cell(`cell${i}`, one));
          const { decisions } = plan({ now: 3000, free, coming, starts, needs: lanes, idle: idles, cells: stemCells });
          let left = free;
          const used: string[] = [];
          const got = new Map<string, number>();
          for (const decision of decisions) {
            if ('container' in decision) used.push(decision.container);
            if (decision.do === 'create') left -= lanes.find(l => l.lane === decision.lane)?.memory ?? 0;
            if ('lane' in decision) got.set(decision.lane, (got.get(decision.lane) ?? 0) + 1);
          }
          expect(left).toBeGreaterThanOrEqual(0);
          expect(new Set(used).size).toBe(used.length);
          for (const { lane, count } of lanes) expect(got.get(lane) ?? 0).toBeLessThanOrEqual(count);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('yields', () => {
  const holder = { memory: 256, held: 512, served: 300, cold: 200 };

  it('gives way to a lane that has nothing, once it has served as long as it took to start', () => {
    expect(yields(holder, [need('a')])).toBe(true);
    expect(yields({ ...holder, held: 256 }, [need('a')])).toBe(true);
    expect(yields({ ...holder, served: 100 }, [need('a')])).toBe(false);
    expect(yields(holder, [])).toBe(false);
  });

  it('shares evenly with a lane that has something', () => {
    expect(yields(holder, [need('a', { held: 256 })])).toBe(false);
    expect(yields({ ...holder, held: 768 }, [need('a', { held: 256 })])).toBe(true);
  });
});
