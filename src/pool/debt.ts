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

  /**
   * How much it counts that a call is taken that has waited from `since` on: all of it; or, given the share of a call's time
   * in which the server waits for the container, that share of the time since the last call was taken (`scarce`).
   */
  waited(since: number, now: number, share: number | undefined): number {
    const from = share === undefined ? since : Math.max(since, this.lastTaken);
    this.lastTaken = now;
    return (now - from) * (share ?? 1);
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
