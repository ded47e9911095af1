import { setFlagsFromString } from 'node:v8';

/**
 * V8 guesses which objects will last and makes those in the old generation at once. Of a server's calls nothing lasts, but
 * what is made there keeps all that it points to until the next full collection: with 3 KB of arguments 6 KB a call.
 */
export const expectShortLives = (): void => setFlagsFromString('--no-allocation-site-pretenuring');
