import type Sqlite from 'better-sqlite3';
import type { Clock, Timer } from '../clock.js';
import type { Logger } from '../log.js';
import type { Changes } from './changes.js';
import { unavailable } from './failures.js';

/** How long a row may wait for company. */
const BATCH_MS = 5;
/** A transaction costs as much as several rows, so urgent ones keep this distance too. */
const URGENT_MS = 1;
/** How long one transaction may hold the loop. What is left goes into the next. */
const SLICE_MS = 5;
const RETRY_MS = { first: 100, last: 5000 };

/** Something whose rows share transactions with others'. */
export interface BatchPart {
  /** Rows waiting. */
  readonly size: number;
  /** Somebody waits for some of them. */
  readonly urgent: boolean;
  /** Writes in the open transaction until `performance.now()` reaches `until`, but at least one row. */
  write(until: number): void;
  /** A transaction has ended: what the part wrote in it, if anything, is in the file. */
  committed(): void;
  /** A transaction has failed: what the part wrote in it, if anything, is not in the file. */
  failed(error: unknown): void;
}

/**
 * Collects rows of several parts into one transaction every few milliseconds. When the file cannot be written, rows stay
 * with their part and are tried again, ever less often; the log tells of the first failure and of the recovery.
 */
export class Batches {
  private readonly transaction: Sqlite.Transaction<(parts: readonly BatchPart[]) => void>;
  private parts: readonly BatchPart[] = [];
  private timer: Timer | undefined;
  private urgent = false;
  private ended = Number.NEGATIVE_INFINITY;
  private failures = 0;
  /** True when nothing will be written any more. */
  closed = false;

  constructor(
    db: Sqlite.Database,
    changes: Changes,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    const probe = db.prepare(`UPDATE counter SET value = value WHERE name = 'rev'`);
    this.transaction = db.transaction(parts => {
      changes.check();
      if (parts.length === 0) probe.run();
      const until = performance.now() + SLICE_MS;
      for (const part of parts) part.write(until);
    });
  }

  /** Called once, before anything else. */
  join(parts: readonly BatchPart[]): void {
    this.parts = parts;
  }

  /** False while the last attempt to write failed. */
  get healthy(): boolean {
    return this.failures === 0;
  }

  /** Rows waiting. */
  get size(): number {
    return this.parts.reduce((sum, part) => sum + part.size, 0);
  }

  /** Commits within `BATCH_MS`; while the file cannot be written, at the next attempt. */
  later(): void {
    if (this.timer || this.closed) return;
    const wait = this.failures === 0 ? BATCH_MS : Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** (this.failures - 1));
    this.timer = this.clock.after(wait, () => {
      this.timer = undefined;
      this.commit();
    });
  }

  /** Commits what is urgent as soon as this turn of the loop is over, even while writing fails. */
  soon(): void {
    if (this.urgent || this.closed) return;
    this.urgent = true;
    const commit = () => {
      if (!this.urgent) return;
      this.urgent = false;
      // Other rows wait for their own time: written each millisecond they would cost several times as much.
      const parts = this.parts.filter(part => part.urgent);
      if (!this.closed && parts.length > 0) this.write(parts);
    };
    if (performance.now() - this.ended >= URGENT_MS) setImmediate(commit);
    else setTimeout(commit, URGENT_MS);
  }

  /** One transaction with what waits, as far as the slice goes. Returns the error when it could not be written. */
  commit(): unknown {
    this.timer?.cancel();
    this.timer = undefined;
    this.urgent = false;
    const parts = this.parts.filter(part => part.size > 0);
    // With nothing to write, a failing store is tried all the same: nobody may come before it is known to work again.
    if (parts.length === 0 && this.failures === 0) return undefined;
    const error = this.write(parts);
    // A small urgent row may still find room where the others do not, so that alone is no recovery.
    if (error === undefined && this.failures > 0) {
      this.failures = 0;
      this.log.info('The store can be written again.');
    }
    if (this.size > 0) this.later();
    return error;
  }

  /** Commits until nothing waits, a slice per turn of the loop. Throws `StoreUnavailable`. */
  async flush(): Promise<void> {
    while (this.size > 0) {
      const error = this.commit();
      if (error !== undefined) throw error;
      if (this.size > 0) await new Promise(setImmediate);
    }
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private write(parts: readonly BatchPart[]): unknown {
    try {
      this.transaction.immediate(parts);
    } catch (error) {
      for (const part of this.parts) part.failed(error);
      this.fail(error);
      return unavailable(error);
    } finally {
      this.ended = performance.now();
    }
    for (const part of this.parts) part.committed();
    if (this.parts.some(part => part.urgent)) this.soon();
    return undefined;
  }

  private fail(error: unknown): void {
    this.failures++;
    if (this.failures === 1) {
      this.log.error({ err: error }, 'The store cannot be written. What is new stays in memory and is tried again.');
    }
    this.later();
  }
}
