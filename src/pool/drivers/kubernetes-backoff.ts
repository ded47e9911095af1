const FIRST = 500;
const LAST = 15_000;

/**
 * Keeps a full cluster from being asked again and again: after a refusal nobody asks for a while, then one does, and the
 * others go on when that one was served.
 */
export class Backoff {
  private wait = FIRST;
  private until = 0;
  private probing = false;
  private readonly waiting = new Set<() => void>();

  /** Resolves when it is this caller's turn, false when that is not before `deadline` (epoch ms). */
  async turn(deadline: number): Promise<boolean> {
    while (this.until > 0) {
      const now = Date.now();
      if (now >= deadline) return false;
      if (now >= this.until && !this.probing) {
        this.probing = true;
        return true;
      }
      await this.pause(Math.min(deadline, Math.max(this.until, now + FIRST)) - now);
    }
    return Date.now() < deadline;
  }

  /** The cluster has no room. */
  refused(): void {
    this.probing = false;
    this.until = Date.now() + this.wait;
    this.wait = Math.min(this.wait * 2, LAST);
  }

  /** The cluster took a pod, or something was freed. */
  served(): void {
    this.probing = false;
    this.until = 0;
    this.wait = FIRST;
    for (const wake of this.waiting) wake();
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => wake(), ms);
      timer.unref();
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
    });
  }
}
