import type { Clock, Timer } from '../clock.js';
import type { Fleet } from './pool-fleet.js';
import type { PoolLane } from './pool-lane.js';

export interface SweepOptions {
  readonly clock: Clock;
  /** ms of idleness after which a container is paused, and removed. */
  readonly pauseGraceMs: number;
  readonly idleMs: number;
}

/** The shortest time between two looks, in ms. */
const LEAST = 10;

/** ms of idleness after which a container goes. */
const lifetime = (lane: PoolLane, idleMs: number): number => {
  const { keep } = lane.executable;
  return keep && lane.live <= keep.count ? Math.max(idleMs, keep.ms) : idleMs;
};

/** One timer for the idleness of all containers: nothing is armed or cancelled when a job comes. */
export class Sweep {
  private timer: Timer | undefined;
  private due = Number.POSITIVE_INFINITY;

  constructor(
    private readonly fleet: Fleet,
    private readonly options: SweepOptions,
  ) {}

  /** A container fell idle. The timer moves only when it would come too late, which is once after a long rest. */
  arm(): void {
    const { clock, pauseGraceMs, idleMs } = this.options;
    const ms = Math.min(pauseGraceMs, idleMs);
    if (this.due > clock.now() + ms) this.wake(ms);
  }

  private wake(ms: number): void {
    const { clock } = this.options;
    const wait = Math.max(LEAST, ms);
    this.timer?.cancel();
    this.due = clock.now() + wait;
    this.timer = clock.after(wait, () => {
      this.due = Number.POSITIVE_INFINITY;
      this.sweep();
    });
  }

  private sweep(): void {
    const { clock, pauseGraceMs, idleMs } = this.options;
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const container of this.fleet.containers) {
      const { lane, state, lastUsed, canPause } = container;
      if (lane === undefined || !container.idle) continue;
      const age = now - lastUsed;
      const limit = lifetime(lane, idleMs);
      if (age >= limit) {
        container.dispatch({ on: 'evict' });
        continue;
      }
      const pauses = state.at === 'ready' && canPause;
      if (pauses && age >= pauseGraceMs) container.dispatch({ on: 'grace' });
      next = Math.min(next, limit - age, pauses && age < pauseGraceMs ? pauseGraceMs - age : next);
    }
    if (next < Number.POSITIVE_INFINITY) this.wake(next);
  }
}
