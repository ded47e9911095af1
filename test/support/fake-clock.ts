import type { Clock, Timer } from '../../src/clock.js';

/** A clock that stands still until `advance` is called; timers fire in order of their time. */
export class FakeClock implements Clock {
  private timers: { at: number; fn: () => void }[] = [];
  /** By how much the clock was set. */
  private shift = 0;
  constructor(private time = 1_700_000_000_000) {}

  now(): number {
    return this.time + this.shift;
  }

  elapsed(): number {
    return this.time;
  }

  /** Sets the clock by `ms`, as an administrator or NTP does; no time passes. */
  set(ms: number): void {
    this.shift += ms;
  }

  /** Nothing takes time here. */
  idle(): number {
    return this.time;
  }

  after(ms: number, fn: () => void): Timer {
    const timer = { at: this.time + ms, fn };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter(t => t !== timer);
      },
    };
  }

  /** Moves time forward by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const target = this.time + ms;
    for (;;) {
      const due = this.timers.filter(t => t.at <= target).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter(t => t !== due);
      this.time = due.at;
      due.fn();
    }
    this.time = target;
  }

  get pending(): number {
    return this.timers.length;
  }
}
