import { drive, type LoadResult, type Target } from './load.js';

/** Somebody who answers calls. */
export interface Party {
  readonly targets: readonly Target[];
  next(): Buffer;
  readonly expect?: number;
}

/** How long a load lasts: so many calls, or so many ms; the first `warmUp` calls are not counted. */
export interface Amount {
  readonly count?: number;
  readonly ms?: number;
  readonly warmUp?: number;
}

export interface Turns {
  /** Before the rounds, each by itself. */
  readonly first?: Amount;
  readonly each: Amount;
  readonly rounds: number;
}

/** Drives all of them in turn, so that all see the same machine. Resolves to the rounds of each. */
export const roundsOf = async (parties: readonly Party[], turns: Turns): Promise<LoadResult[][]> => {
  const { first, each, rounds } = turns;
  if (first) for (const party of parties) await drive({ ...party, ...first });
  const results: LoadResult[][] = parties.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, party] of parties.entries()) results[i]?.push(await drive({ ...party, ...each }));
  return results;
};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const middle = (results: readonly LoadResult[]): LoadResult =>
  [...results].sort((a, b) => a.p50 - b.p50)[Math.floor(results.length / 2)] as LoadResult;

/** As `roundsOf`; resolves to the middle round of each by its p50. */
export const inTurn = async (parties: readonly Party[], turns: Turns): Promise<LoadResult[]> =>
  (await roundsOf(parties, turns)).map(middle);
