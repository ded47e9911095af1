import type Sqlite from 'better-sqlite3';
import type { Clock, Timer } from '../clock.js';
import type { Logger } from '../log.js';
import type { ActivationIndex } from './activation-index.js';
import type { ActivationWriter, Totals } from './activation-writer.js';
import { isUnavailable } from './failures.js';

/** How many activations are kept. `Infinity` switches a bound off. */
export interface Retention {
  /** Since `start`. */
  readonly maxAgeMs: number;
  readonly maxRecords: number;
  /** Estimated bytes in the file, indexes included. */
  readonly maxBytes: number;
}

export const DEFAULT_RETENTION: Retention = {
  maxAgeMs: 30 * 24 * 3600 * 1000,
  maxRecords: 1_000_000,
  maxBytes: 2 * 1024 ** 3,
};

const IDLE_MS = 1000;
const BUSY_MS = 20;
const AGE_CHECK_MS = 60_000;
/** How long one step may hold the loop. */
const STEP_MS = 3;
const VACUUM_PAGES = 256;
/** Free pages are reused by new rows; more than these are given back to the file system. */
const FREE_PAGES = { least: 256, share: 1 / 16 };

interface Row {
  readonly seq: number;
  readonly namespace: number;
  readonly named: number;
  readonly bound: number | null;
  readonly start: number;
  readonly bytes: number;
}

const statements = (db: Sqlite.Database) => {
  const row = 'SELECT seq, namespace, named, bound, start, bytes FROM activation';
  return {
    first: db.prepare<[], Row>(`${row} ORDER BY seq LIMIT 1`),
    bySeq: db.prepare<[number], Row>(`${row} WHERE seq = ?`),
    aged: db
      .prepare<[number], number>(
        `SELECT i.seq FROM (SELECT id FROM scope WHERE instr(path, '/') = 0) s
         CROSS JOIN activation_index i ON i.scope = s.id WHERE i.start < ? LIMIT 256`,
      )
      .pluck(),
    delete: db.prepare('DELETE FROM activation WHERE seq = ?'),
    freePages: db.prepare<[], number>('PRAGMA freelist_count').pluck(),
    pages: db.prepare<[], number>('PRAGMA page_count').pluck(),
  };
};

/**
 * Removes activations beyond the bounds, those put first before others, in the background: a step takes a few ms.
 * Then it shrinks the file.
 */
export class Keeper {
  private readonly sql: ReturnType<typeof statements>;
  private readonly step: Sqlite.Transaction<() => boolean>;
  private timer: Timer | undefined;
  private ageChecked = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: Sqlite.Database,
    private readonly index: ActivationIndex,
    private readonly writer: ActivationWriter,
    private readonly bounds: Retention,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.sql = statements(db);
    this.step = db.transaction(() => this.removeSome(performance.now() + STEP_MS));
    this.arm(IDLE_MS);
  }

  close(): void {
    this.timer?.cancel();
  }

  private arm(ms: number): void {
    this.timer = this.clock.after(ms, () => this.arm(this.work() ? BUSY_MS : IDLE_MS));
  }

  /** True when there is more to do. */
  private work(): boolean {
    try {
      return (this.due() && this.step.immediate()) || this.shrink();
    } catch (error) {
      this.index.forget();
      const level = isUnavailable(error) ? 'debug' : 'error';
      this.log[level]({ err: error }, 'Old activations could not be removed.');
      return false;
    }
  }

  private due(): boolean {
    const { rows, bytes } = this.writer.totals();
    return rows > this.bounds.maxRecords || bytes > this.bounds.maxBytes || this.ageDue();
  }

  private ageDue(): boolean {
    return this.bounds.maxAgeMs !== Number.POSITIVE_INFINITY && this.clock.now() - this.ageChecked >= AGE_CHECK_MS;
  }

  private removeSome(until: number): boolean {
    this.index.follow();
    const totals = this.writer.totals();
    const removed: Totals = { rows: 0, bytes: 0 };
    const over = () =>
      totals.rows + removed.rows > this.bounds.maxRecords || totals.bytes + removed.bytes > this.bounds.maxBytes;
    const inTime = () => performance.now() < until;
    for (
      let row = over() ? this.sql.first.get() : undefined;
      row;
      row = over() && inTime() ? this.sql.first.get() : undefined
    )
      this.remove(row, removed);
    if (!over() && this.ageDue() && inTime()) this.removeAged(removed, inTime);
    this.index.save();
    this.writer.addTotals(removed);
    return removed.rows < 0;
  }

  private removeAged(removed: Totals, inTime: () => boolean): void {
    const seqs = this.sql.aged.all(this.clock.now() - this.bounds.maxAgeMs);
    for (const seq of seqs) {
      const row = this.sql.bySeq.get(seq);
      if (row) this.remove(row, removed);
      if (!inTime()) return;
    }
    if (seqs.length === 0) this.ageChecked = this.clock.now();
  }

  private remove(row: Row, removed: Totals): void {
    this.sql.delete.run(row.seq);
    for (const id of [row.namespace, row.named, row.bound]) {
      if (id === null) continue;
      const scope = this.index.find(this.index.pathOf(id));
      if (scope) this.index.remove(scope, row.start, row.seq);
    }
    removed.rows--;
    removed.bytes -= row.bytes;
  }

  private shrink(): boolean {
    const free = this.sql.freePages.get() ?? 0;
    if (free <= Math.max(FREE_PAGES.least, (this.sql.pages.get() ?? 0) * FREE_PAGES.share)) return false;
    this.db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    return true;
  }
}
