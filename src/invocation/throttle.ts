import type { Clock } from '../clock.js';
import { HttpError } from '../errors.js';
import { throttle as text } from '../messages.js';
import { PassingMap } from '../passing-map.js';
import type { Identity } from './identity.js';

const MINUTE = 60_000;

/** Calls in the current wall-clock minute, by key. */
class Window {
  private minute = 0;
  private counts = new Map<string, number>();

  /** Counts the attempt and returns how many there were in this minute. */
  add(key: string, now: number): number {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.minute) {
      this.minute = minute;
      this.counts.clear();
    }
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return count;
  }
}

export type Throttles = ReturnType<typeof createThrottles>;

/**
 * Per-namespace rates (OPENWHISK.md 3.10): a fixed minute window, the attempt counted before it is judged, and activations
 * in flight. Checked before existence and entitlement of the entity. All throw 429.
 */
export const createThrottles = (clock: Clock) => {
  const invocations = new Window();
  const fires = new Window();
  const inFlight = new PassingMap<string, number>();

  const checkRate = (window: Window, identity: Identity, allowed: number): void => {
    const count = window.add(identity.uuid, clock.now());
    if (count > allowed) throw new HttpError(429, text.perMinute(count, allowed));
  };

  return {
    invocation(identity: Identity): void {
      checkRate(invocations, identity, identity.limits.invocationsPerMinute);
      const running = inFlight.get(identity.uuid) ?? 0;
      const allowed = identity.limits.concurrentInvocations;
      if (running >= allowed) throw new HttpError(429, text.concurrent(running + 1, allowed));
    },
    fire: (identity: Identity): void => checkRate(fires, identity, identity.limits.firesPerMinute),
    /** An activation of the namespace began; call `left` once when it ended. */
    entered(identity: Identity): void {
      inFlight.set(identity.uuid, (inFlight.get(identity.uuid) ?? 0) + 1);
    },
    left(identity: Identity): void {
      const n = (inFlight.get(identity.uuid) ?? 1) - 1;
      if (n > 0) inFlight.set(identity.uuid, n);
      else inFlight.delete(identity.uuid);
    },
    /** Activations in flight, of all namespaces. */
    running: (): number => [...inFlight.values()].reduce((a, b) => a + b, 0),
  };
};
