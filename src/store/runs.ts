/** `n` consecutive rows of a scope, from the key (`start`, `seq`) up to the next run's. */
export interface Run {
  readonly start: number;
  readonly seq: number;
  n: number;
}

const notAbove = (run: Run, start: number, seq: number): boolean =>
  run.start < start || (run.start === start && run.seq <= seq);

/**
 * The runs of one list, oldest first, and how many rows lie before each: sums that are kept as far as nothing below them has
 * changed, which with rows that come in order is nearly all of them.
 */
export class Runs {
  total: number;
  private readonly sums = [0];
  /** So many of `sums` hold. */
  private known = 1;

  constructor(private readonly runs: Run[]) {
    this.total = runs.reduce((sum, run) => sum + run.n, 0);
  }

  get length(): number {
    return this.runs.length;
  }

  at(i: number): Run | undefined {
    return this.runs[i];
  }

  /** The last run whose first key is not above (`start`, `seq`); the first run when all are. */
  indexOf(start: number, seq: number): number {
    return Math.max(
      0,
      this.last(run => notAbove(run, start, seq)),
    );
  }

  /** The run that has the row with `newer` rows above it; the first one when there are not so many. */
  withNewer(newer: number): number {
    this.before(this.length);
    const older = this.total - newer;
    return Math.max(
      0,
      this.last((_, i) => (this.sums[i] as number) < older),
    );
  }

  /** Rows before the run at `i`; of all runs when `i` is their number. */
  before(i: number): number {
    const { sums, runs } = this;
    for (; this.known <= i; this.known++)
      sums[this.known] = (sums[this.known - 1] as number) + (runs[this.known - 1] as Run).n;
    return sums[i] as number;
  }

  /** The run at `i` has `rows` more, or fewer. */
  grow(i: number, rows: number): void {
    (this.runs[i] as Run).n += rows;
    this.total += rows;
    this.changed(i);
  }

  insert(i: number, run: Run): void {
    this.runs.splice(i, 0, run);
    this.total += run.n;
    this.changed(i);
  }

  /** Takes the run at `i` out, or puts another in its place. */
  replace(i: number, ...runs: Run[]): void {
    for (const run of this.runs.splice(i, 1, ...runs)) this.total -= run.n;
    for (const run of runs) this.total += run.n;
    this.changed(i);
  }

  private changed(i: number): void {
    this.known = Math.min(this.known, i + 1);
  }

  /** The last run of those, all at the beginning, for which `holds`; −1 for none. */
  private last(holds: (run: Run, i: number) => boolean): number {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.runs[middle] as Run, middle)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
