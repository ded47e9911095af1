import { describe, expect, it } from 'vitest';
import { ImageError } from '../../src/pool/driver.js';
import type { Outcome } from '../../src/pool/job.js';
import { executable, flush, rig } from '../support/pool.js';

/** A supply that gives each image when it is told to. */
const supplier = () => {
  const waiting = new Map<string, { give: () => void; fail: (error: Error) => void }>();
  const asked: string[] = [];
  return {
    asked,
    give: (image: string) => waiting.get(image)?.give(),
    fail: (image: string, error: Error) => waiting.get(image)?.fail(error),
    provide: (_kind: string, image: string): Promise<void> => {
      asked.push(image);
      if (image === 'here') return Promise.resolve();
      return new Promise((give, fail) => waiting.set(image, { give, fail }));
    },
  };
};

describe('a kind whose image is still to be got', () => {
  it('holds no memory, so that other kinds run; its calls run when the image is there', async () => {
    const supply = supplier();
    const { pool, submit, advance } = rig({}, { memory: 256, provide: supply.provide });
    const ended: string[] = [];
    const note = (name: string) => (outcome: Outcome) => ended.push(`${name} ${outcome.kind}`);
    for (let i = 0; i < 3; i++) void submit(executable('guest/slow', { image: 'far' })).then(note('slow'));
    await flush();
    expect(pool.stats()).toMatchObject({ memory: { used: 0 }, queue: { waiting: 3 } });
    void submit(executable('guest/quick', { image: 'here' })).then(note('quick'));
    await advance(2000, 10);
    expect(ended).toEqual(['quick ran']);
    supply.give('far');
    await advance(5000, 10);
    expect(ended).toEqual(['quick ran', 'slow ran', 'slow ran', 'slow ran']);
    expect(supply.asked).toEqual(['far', 'here']);
    await pool.close();
  });

  it('fails all its calls at once when the image cannot be had, and asks again for the next', async () => {
    const supply = supplier();
    const { pool, submit } = rig({}, { provide: supply.provide });
    const far = executable('guest/far', { image: 'far' });
    const first = Promise.all([submit(far), submit(far)]);
    await flush();
    supply.fail('far', new ImageError('far', 'no such image'));
    const failed = { kind: 'imageFailed', image: 'far', reason: 'no such image' };
    expect(await first).toEqual([failed, failed]);
    expect(pool.stats()).toMatchObject({ memory: { used: 0 }, queue: { waiting: 0 }, counters: { failures: 1 } });
    const second = submit(far);
    await flush();
    supply.fail('far', new ImageError('far', 'no such image'));
    expect(await second).toEqual(failed);
    expect(supply.asked).toEqual(['far', 'far']);
    await pool.close();
  });

  it('ends as stopped when the server stops before the image comes', async () => {
    const supply = supplier();
    const { pool, submit } = rig({}, { provide: supply.provide });
    const waiting = submit(executable('guest/far', { image: 'far' }));
    await flush();
    await pool.close();
    expect(await waiting).toEqual({ kind: 'stopped' });
    supply.give('far');
    await flush();
    expect(pool.stats().containers).toEqual([]);
  });

  it('has no stem cell until then, and others have theirs', async () => {
    const supply = supplier();
    const stemCells = [
      { kind: 'a', image: 'far', memory: 256, initialCount: 1 },
      { kind: 'b', image: 'here', memory: 256, initialCount: 1 },
    ];
    const { pool, advance } = rig({}, { provide: supply.provide, stemCells });
    const kinds = (): string[] => pool.stats().containers.map(({ kind }) => kind);
    await advance(3000, 50);
    expect(kinds()).toEqual(['b']);
    supply.give('far');
    await advance(3000, 50);
    expect(kinds()).toEqual(['b', 'a']);
    await pool.close();
  });
});
