import type { Clock } from '../clock.js';
import type { Finished } from './invocation.js';

/** The end of a call, or undefined when it has not ended within `ms`; it goes on then. */
export const finishedWithin = (clock: Clock, finished: Promise<Finished>, ms: number): Promise<Finished | undefined> =>
  new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    finished.then(resolve, reject).finally(() => timer.cancel());
  });
