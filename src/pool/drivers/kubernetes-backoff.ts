const FIRST = 500;
const LAST = 15_000;

/**
 * Keeps a full cluster from being asked again and again: after a refusal nobody asks for a while, then one does, and the
 * others go on when that one was served. One that ended without the cluster's answer passes its turn to the next.
 */
export class Backoff {
  private wait = FIRST;
  private until = 0;
  /** Whose turn it is. */
  private probe: object | undefined;
  private readonly waiting = new Set<() => void>();

  /**
   * Resolves when it is this caller's turn, to what it must call once it has tried, however that ended; undefined when its
   * turn does not come before `deadline` (epoch ms).
   */
  async turn(deadline: number): Promise<(() => void) | undefined> {
    while (this.until > 0) {
      const now = Date.now();
      if (now >= deadline) return undefined;
      if (now >= this.until && !this.probe) {
        const probe = {};
        this.probe = probe;
        return () => {
          if (this.probe === probe) this.pass();
        };
      }
      await this.pause(Math.min(deadline, Math.max(this.until, now + FIRST)) - now);
    }
    return Date.now() < deadline ? () => {} : undefined;
  }

  /** The cluster has no room. */
  refused(): void {
    this.probe = undefined;
    this.until = Date.now() + this.wait;
    this.wait = Math.min(this.wait * 2, LAST);
  }

  /** The cluster took a pod, or something was freed. */
  served(): void {
    this.until = 0;
    this.wait = FIRST;
    this.pass();
  }

  private pass(): void {
    this.probe = undefined;
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
