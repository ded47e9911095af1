import type Sqlite from 'better-sqlite3';
import type { Clock } from '../clock.js';

/** How stale memory may be after another process wrote (the CLI): SubjectStore promises it. */
const POLL_MS = 100;

/** Tells caches when another connection wrote to the file. Our own writes do not count: caches follow those themselves. */
export class Changes {
  private generation = 0;
  private version: unknown;
  private polled = Number.NEGATIVE_INFINITY;
  private readonly read: Sqlite.Statement;

  constructor(
    db: Sqlite.Database,
    private readonly clock: Clock,
  ) {
    this.read = db.prepare('PRAGMA data_version').pluck();
    this.version = this.read.get();
  }

  /** Grows when another process wrote; asks SQLite at most every 100 ms. */
  seen(): number {
    const now = this.clock.now();
    if (now - this.polled >= POLL_MS || now < this.polled) {
      this.polled = now;
      this.check();
    }
    return this.generation;
  }

  /** As `seen`, but asks now. Inside a write transaction the answer holds until its end. */
  check(): number {
    const version = this.read.get();
    if (version !== this.version) {
      this.version = version;
      this.generation++;
    }
    return this.generation;
  }
}
