import type { Clock } from '../clock.js';

/** `promise`, or a rejection after `ms`. */
export const within = <T>(clock: Clock, ms: number, promise: Promise<T>, what: string): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Error(`${what} took longer than ${ms} ms`)));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });

/** True when `promise` resolves within `ms`; false when it rejects or does not settle. */
export const settles = (clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> =>
  within(clock, ms, promise, '').then(
    () => true,
    () => false,
  );
