import { performance } from 'node:perf_hooks';

/** A timer that can be cancelled. */
export interface Timer {
  cancel(): void;
}

/** All time in miniwhisk comes from here, so that tests can use `FakeClock` (test/support/fake-clock.ts). */
export interface Clock {
  /** Milliseconds since the epoch. The machine's clock can be set back and forth: spans are differences of `elapsed`. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  elapsed(): number;
  /** Milliseconds, since some moment, in which this thread had nothing to do. */
  idle(): number;
  /** Calls `fn` once after `ms` milliseconds. Such a timer never keeps the process alive. */
  after(ms: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  idle: () => performance.nodeTiming.idleTime,
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
