/** How many stem cells there should be: pure functions over what the manifest says and what was demanded. Times in ms. */

/** One entry of the manifest's `stemCells`, for one kind. Memory in MB. */
export interface StemCells {
  readonly kind: string;
  readonly image: string;
  readonly memory: number;
  readonly initialCount: number;
  readonly reactive?: {
    readonly minCount: number;
    readonly maxCount: number;
    readonly ttlMs: number;
    readonly threshold: number;
    readonly increment: number;
  };
}

/**
 * What the manifest asks for (OPENWHISK.md 5.6): `initialCount` at start; with reactive settings later at least
 * `minCount`, and `increment` for each `threshold` containers demanded since the last check, up to `maxCount`.
 */
export const asked = (cells: StemCells, when: 'start' | 'later', demanded: number): number => {
  const { reactive, initialCount } = cells;
  if (when === 'start' || reactive === undefined) return initialCount;
  const grown = Math.floor(demanded / Math.max(1, reactive.threshold)) * reactive.increment;
  return Math.min(Math.max(reactive.minCount, grown), Math.max(reactive.minCount, reactive.maxCount));
};

/** The largest burst of demand of late: how many containers were wanted within one window. */
export interface Burst {
  readonly count: number;
  /** Beginning of the window. */
  readonly since: number;
  /** Height of earlier bursts at `since`; it fades. */
  readonly peak: number;
}

const WINDOW = 10_000;
const HALF_LIFE = 600_000;

export const noBurst: Burst = { count: 0, since: 0, peak: 0 };

const faded = ({ count, since, peak }: Burst, now: number): number =>
  Math.max(count, peak) * 0.5 ** (Math.max(0, now - since) / HALF_LIFE);

/** One container more was demanded. */
export const demand = (burst: Burst, now: number): Burst =>
  now - burst.since < WINDOW ? { ...burst, count: burst.count + 1 } : { count: 1, since: now, peak: faded(burst, now) };

/** Stem cells that such a burst would use up, were it to come again. */
export const learnt = (burst: Burst, now: number): number => Math.round(faded(burst, now));
