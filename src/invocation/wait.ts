import type { Clock } from '../clock.js';
import type { Finished } from './invocation.js';
import { Stopped } from './journal.js';

/**
 * The end of a call, or undefined when its caller is to look for the record: it has not ended within `ms`, or the server
 * stops. Either way it goes on.
 */
export const finishedWithin = (clock: Clock, finished: Promise<Finished>, ms: number): Promise<Finished | undefined> =>
  new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    const failed = (error: unknown): void => (error instanceof Stopped ? resolve(undefined) : reject(error));
    finished.then(resolve, failed).finally(() => timer.cancel());
  });
