import { setTimeout as delay } from 'node:timers/promises';

/** When to try again, in ms: a request whose reply was lost may still be carried out a little later. */
const TRIES = [250, 2000, 10_000, 30_000, 60_000];

/**
 * Containers that may be there though nobody holds them: the reply to their creation was lost, or their removal failed.
 * What all tries miss is removed by the next start's sweep.
 */
export class LostContainers {
  private readonly lost = new Set<string>();
  private readonly ending = new AbortController();

  /** `discard` removes by id or name, rejects when that failed, and takes a missing one as removed. */
  constructor(private readonly discard: (idOrName: string) => Promise<void>) {}

  add(idOrName: string): void {
    if (this.lost.has(idOrName) || this.ending.signal.aborted) return;
    this.lost.add(idOrName);
    void this.chase(idOrName);
  }

  /** One last try for all of them. */
  async close(): Promise<void> {
    this.ending.abort();
    await Promise.allSettled([...this.lost].map(this.discard));
  }

  private async chase(idOrName: string): Promise<void> {
    try {
      for (const wait of TRIES) {
        await delay(wait, undefined, { ref: false, signal: this.ending.signal });
        await this.discard(idOrName).catch(() => {});
      }
    } catch {
      return;
    }
    this.lost.delete(idOrName);
  }
}
