import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Standing } from '../../../src/pool/drivers/standing.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose tries are made and ended by the test. */
const setUp = () => {
  const tries: { up: () => void; end: (why?: string) => void; fail: (error: Error) => void }[] = [];
  const standing = new Standing(
    up => new Promise((end, fail) => tries.push({ up, end, fail })),
    error => (error as Error).message,
  );
  const last = () => tries.at(-1) as (typeof tries)[number];
  return { standing, tries, last };
};

describe('a connection that is taken up again', () => {
  it('begins with the first ready, and only once', async () => {
    const { standing, tries, last } = setUp();
    expect([standing.trouble, tries.length]).toEqual(['it was not asked yet', 0]);
    const ready = [standing.ready(), standing.ready()];
    expect(tries).toHaveLength(1);
    last().up();
    await Promise.all(ready);
    expect(standing.trouble).toBeUndefined();
  });

  it('is ready, with its trouble, when it could not be made; then waits longer and longer', async () => {
    const { standing, tries, last } = setUp();
    const ready = standing.ready();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      last().fail(new Error('refused'));
      await vi.advanceTimersByTimeAsync(0);
      expect(standing.trouble).toBe('refused');
      const before = Date.now();
      const count = tries.length;
      while (tries.length === count) await vi.advanceTimersByTimeAsync(10);
      waits.push(Date.now() - before);
    }
    await ready;
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  it('waits little again once it stood', async () => {
    const { standing, tries, last } = setUp();
    void standing.ready();
    for (let i = 0; i < 4; i++) {
      last().fail(new Error('refused'));
      await vi.advanceTimersByTimeAsync(5000);
    }
    last().up();
    last().end('it closed');
    await vi.advanceTimersByTimeAsync(0);
    expect(standing.trouble).toBe('it closed');
    const count = tries.length;
    await vi.advanceTimersByTimeAsync(250);
    expect(tries).toHaveLength(count + 1);
  });

  it('has no trouble where its end is none', async () => {
    const { standing, last } = setUp();
    void standing.ready();
    last().up();
    last().end();
    await vi.advanceTimersByTimeAsync(0);
    expect(standing.trouble).toBeUndefined();
  });

  it('is not taken up again once closed, be it before its end or while it waits', async () => {
    const [one, other] = [setUp(), setUp()];
    for (const { standing } of [one, other]) void standing.ready();
    one.standing.close();
    one.last().end('gone');
    other.last().end('gone');
    await vi.advanceTimersByTimeAsync(100);
    other.standing.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([one.tries.length, other.tries.length]).toEqual([1, 1]);
  });
});
