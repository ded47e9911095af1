import type { Clock, Timer } from '../../src/clock.js';

interface Work {
  left: number;
  readonly done: () => void;
}

/** Events in order of time; the clock of a simulation, whose time may have fractions of a millisecond. */
export class SimClock implements Clock {
  private events: { at: number; order: number; fn: () => void }[] = [];
  private order = 0;
  private time = 1_000_000;
  private busy = 0;

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  idle(): number {
    return this.time - this.busy;
  }

  /** The server has just computed for `ms`. */
  worked(ms: number): void {
    this.busy += ms;
  }

  after(ms: number, fn: () => void): Timer {
    const event = { at: this.time + ms, order: this.order++, fn };
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle]!.at <= event.at) low = middle + 1;
      else high = middle;
    }
    this.events.splice(low, 0, event);
    return {
      cancel: () => {
        const at = this.events.indexOf(event);
        if (at >= 0) this.events.splice(at, 1);
      },
    };
  }

  /** Fires the next event, or moves to `limit` when that is earlier. False when nothing is left before it. */
  step(limit: number): boolean {
    const next = this.events[0];
    if (next === undefined || next.at > limit) {
      this.time = Math.max(this.time, limit);
      return false;
    }
    this.events.shift();
    this.time = Math.max(this.time, next.at);
    next.fn();
    return true;
  }
}

/**
 * A machine whose cores are shared evenly by all that computes. Each computation beyond the cores costs all of them
 * `switching` of their speed, as many hot processes do.
 */
export class Machine {
  private work: Work[] = [];
  private since: number;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    readonly cores: number,
    private readonly switching = 0.02,
  ) {
    this.since = clock.now();
  }

  /** Resolves when `ms` of a core's time have been spent on it. */
  compute(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.settle();
      this.work.push({ left: ms, done: resolve });
      this.arm();
    });
  }

  private get speed(): number {
    const n = this.work.length;
    if (n <= this.cores) return 1;
    return this.cores / n / (1 + this.switching * (n - this.cores));
  }

  private settle(): void {
    const now = this.clock.now();
    const spent = (now - this.since) * this.speed;
    this.since = now;
    for (const work of this.work) work.left -= spent;
  }

  private arm(): void {
    this.timer?.cancel();
    if (this.work.length === 0) return;
    const least = Math.min(...this.work.map(w => w.left));
    this.timer = this.clock.after(Math.max(0, least) / this.speed, () => {
      this.settle();
      const done = this.work.filter(w => w.left <= 1e-9);
      this.work = this.work.filter(w => w.left > 1e-9);
      this.arm();
      for (const work of done) work.done();
    });
  }
}
