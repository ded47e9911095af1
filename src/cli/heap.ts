import { setFlagsFromString } from 'node:v8';

/**
 * Sets V8 up for a server of short calls, of which nothing lasts.
 *
 * V8 guesses which objects will last and makes those in the old generation at once; what is made there keeps all that it
 * points to until the next full collection: with 3 KB of arguments 6 KB a call.
 *
 * Between two full collections V8 lets what lasts grow to two to four times its size. Here that is garbage alone, 15 MB and
 * more of it: half its size again is enough, and V8 never takes less than 8 MB.
 */
export const expectShortLives = (): void => {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=50');
};
