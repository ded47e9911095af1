import type { Clock } from '../clock.js';

/** Entries are looked through for expired ones when this many were added. */
const SWEEP_EVERY = 10_000;

/** Spaces calls: after one was let in, the next of the same key is let in `spacing` ms later. */
export const createRateLimit = (clock: Clock) => {
  const free = new Map<string, number>();
  let added = 0;

  const sweep = (now: number): void => {
    for (const [key, at] of free) if (at <= now) free.delete(key);
  };

  /** Whether the call may go on; if so the key is taken for `spacing` ms. */
  return (key: string, spacing: number): boolean => {
    const now = clock.elapsed();
    if ((free.get(key) ?? 0) > now) return false;
    if (++added % SWEEP_EVERY === 0) sweep(now);
    free.set(key, now + spacing);
    return true;
  };
};

export type RateLimit = ReturnType<typeof createRateLimit>;
