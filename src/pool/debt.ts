const HALF_LIFE = 10_000;

/**
 * What the calls of a lane have waited for containers, in ms, less what was spent on starting some. It fades: waits of
 * long ago justify nothing.
 */
export class Debt {
  private amount = 0;
  private since = 0;
  private lastTaken = 0;

  at(now: number): number {
    const elapsed = now - this.since;
    return elapsed <= 0 ? this.amount : this.amount * 0.5 ** (elapsed / HALF_LIFE);
  }

  /** What counts when a call is taken that has waited since then; of calls that wait `together`, the time that went by. */
  waited(since: number, now: number, together: boolean): number {
    const from = together ? Math.max(since, this.lastTaken) : since;
    this.lastTaken = now;
    return now - from;
  }

  add(waited: number, now: number): void {
    this.set(this.at(now) + waited, now);
  }

  /** Containers worth `cost` ms of waiting were bought. */
  spend(cost: number, now: number): void {
    this.set(Math.max(0, this.at(now) - cost), now);
  }

  clear(): void {
    this.amount = 0;
  }

  private set(amount: number, now: number): void {
    this.amount = amount;
    this.since = now;
  }
}
