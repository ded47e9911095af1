import { describe, expect, it } from 'vitest';
import { asked, type Burst, demand, learnt, noBurst } from '../../src/pool/prewarm-demand.js';
import { executable, type Rig, rig } from '../support/pool.js';

const stem = { kind: 'nodejs:20', image: 'image', memory: 256 };
const reactive = { minCount: 1, maxCount: 4, ttlMs: 120_000, threshold: 2, increment: 1 };
const cells = (r: Rig): number => r.pool.stats().containers.filter(c => c.path === undefined).length;
const shut = (r: Rig): Promise<unknown> => Promise.all([r.pool.close(), r.advance(2000, 10)]);
const hello = executable('guest/hello');

describe('asked', () => {
  it('follows the manifest', () => {
    expect(asked({ ...stem, initialCount: 2 }, 'start', 0)).toBe(2);
    expect(asked({ ...stem, initialCount: 2 }, 'later', 50)).toBe(2);
    const cells = { ...stem, initialCount: 2, reactive };
    expect([0, 2, 4, 5, 100].map(n => asked(cells, 'later', n))).toEqual([1, 1, 2, 2, 4]);
  });
});

describe('learnt', () => {
  const after = (times: number[]): Burst => times.reduce(demand, noBurst);

  it('is the largest burst of late, and fades', () => {
    const burst = after([1_000_000, 1_000_100, 1_000_200, 1_060_000]);
    expect(learnt(burst, 1_060_000)).toBe(3);
    expect(learnt(burst, 1_060_000 + 600_000)).toBe(1);
    expect(learnt(burst, 1_060_000 + 3_600_000)).toBe(0);
    expect(learnt(noBurst, 1_000_000)).toBe(0);
  });
});

describe('stem cells', () => {
  it('are started one at a time, taken at once, and replaced after the foreground has its container', async () => {
    const r = rig({ create: 200, init: 5, run: 1 }, { stemCells: [{ ...stem, initialCount: 2 }] });
    await r.advance(150, 10);
    expect(cells(r)).toBe(1);
    await r.until(() => cells(r) === 2);
    await r.advance(300, 10);
    const outcome = r.submit(hello);
    await r.advance(10, 1);
    expect(await outcome).toMatchObject({ origin: 'prewarmed', initMs: 5 });
    expect(cells(r)).toBe(1);
    await r.until(() => cells(r) === 2);
    expect(r.pool.stats().counters.prewarmed).toBe(1);
    await shut(r);
  });

  it('serve only their kind, image and memory', async () => {
    const r = rig({ create: 50 }, { stemCells: [{ ...stem, initialCount: 1 }] });
    await r.advance(300, 10);
    const other = r.submit(executable('guest/other', { memory: 512 }));
    await r.advance(100, 10);
    expect(await other).toMatchObject({ origin: 'cold' });
    await shut(r);
  });

  it('give up their memory to an action that has none', async () => {
    const r = rig({ create: 50 }, { memory: 512, stemCells: [{ ...stem, initialCount: 2 }] });
    await r.until(() => cells(r) === 2);
    await r.advance(200, 10);
    const large = r.submit(executable('guest/large', { memory: 512 }));
    await r.advance(200, 10);
    expect(await large).toMatchObject({ kind: 'ran' });
    expect(r.driver.peak).toBeLessThanOrEqual(512);
    await shut(r);
  });

  it('expire and come again, as reactive settings say', async () => {
    const r = rig({ create: 50 }, { stemCells: [{ ...stem, initialCount: 2, reactive }] });
    await r.until(() => cells(r) === 2);
    const first = r.pool.stats().containers.map(c => c.name);
    await r.advance(250_000, 1000);
    expect(cells(r)).toBe(1);
    expect(first).not.toContain(r.pool.stats().containers[0]?.name);
    await shut(r);
  });

  it('are learnt from bursts when adaptive, within half of the memory', async () => {
    const script = { create: 50, run: 1000 };
    const r = rig(script, { adaptive: true, scale: 'eager', memory: 2048, idleMs: 5000 });
    await Promise.all([...Array.from({ length: 6 }, () => r.submit(hello)), r.advance(20_000, 50)]);
    expect(cells(r)).toBe(4);
    await r.advance(3_600_000, 10_000);
    expect(cells(r)).toBe(0);
    await shut(r);
  });

  it('are not tried again and again when they cannot be started', async () => {
    const r = rig({ create: () => new Error('no engine') }, { stemCells: [{ ...stem, initialCount: 1 }] });
    await r.advance(50_000, 100);
    expect(r.pool.stats().counters.failures).toBe(1);
    await shut(r);
  });
});
