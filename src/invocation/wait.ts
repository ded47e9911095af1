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
    finished.then(
      end => {
        timer.cancel();
        resolve(end);
      },
      error => {
        timer.cancel();
        if (error instanceof Stopped) resolve(undefined);
        else reject(error);
      },
    );
  });
