import type Sqlite from 'better-sqlite3';
import type { Activation, ActivationSummary } from '../entities/types.js';
import type { Logger } from '../log.js';
import { ActivationIndex, type Scope } from './activation-index.js';
import {
  type ActivationRow,
  checkId,
  decode,
  decodeSummary,
  idBytes,
  ownId,
  RECORD,
  SUMMARY,
  type SummaryRow,
  summaryOf,
  weightOf,
} from './activation-rows.js';
import { ActivationWriter } from './activation-writer.js';
import type { Batches } from './batches.js';
import type { Changes } from './changes.js';
import { PendingActivations } from './pending.js';
import type { ActivationQuery, ActivationStore, Page } from './store.js';

const page = (columns: string): string =>
  `SELECT ${columns}
   FROM (SELECT start, seq FROM activation_index WHERE scope = ? AND (start, seq) < (?, ?)
         ORDER BY start DESC, seq DESC LIMIT ? OFFSET ?) i
   CROSS JOIN activation a ON a.seq = i.seq ORDER BY i.start DESC, i.seq DESC`;

const statements = (db: Sqlite.Database) => ({
  exists: db.prepare<[Buffer], number>('SELECT 1 FROM activation WHERE id = ?').pluck(),
  get: db
    .prepare<[Buffer], [number, ...ActivationRow]>(`SELECT a.namespace, ${RECORD} FROM activation a WHERE a.id = ?`)
    .raw(),
  summaries: db.prepare<unknown[], SummaryRow>(page(SUMMARY)).raw(),
  records: db.prepare<unknown[], ActivationRow>(page(RECORD)).raw(),
  weights: db.prepare<unknown[], readonly [start: number, weight: number]>(page('a.start, a.bytes')).raw(),
});

/** The part of a scope between two bounds: `newer` rows lie above it, `rows` in it. */
interface Range {
  readonly scope: Scope;
  readonly newer: number;
  readonly rows: number;
}

export class SqliteActivations implements ActivationStore {
  /** What shares the batches' transactions. */
  readonly writer: ActivationWriter;
  private readonly sql: ReturnType<typeof statements>;
  readonly index: ActivationIndex;
  private readonly pending: PendingActivations;

  constructor(
    db: Sqlite.Database,
    changes: Changes,
    private readonly batches: Batches,
    log: Logger,
    closeEntry: (id: string) => void,
  ) {
    this.sql = statements(db);
    this.index = new ActivationIndex(db, changes);
    this.pending = new PendingActivations(id => this.sql.exists.get(ownId(id)) !== undefined);
    this.writer = new ActivationWriter(db, this.index, this.pending, log, closeEntry);
  }

  put(activation: Activation): void {
    checkId(activation.activationId);
    if (!Number.isSafeInteger(activation.start)) throw new TypeError('An activation starts at a whole millisecond.');
    if (this.pending.add(activation)) this.batches.later();
  }

  checkRoom(): void {
    this.pending.checkRoom();
  }

  get(namespace: string, id: string): Activation | undefined {
    const waiting = this.pending.get(id);
    if (waiting) return waiting.namespace === namespace ? waiting : undefined;
    const bytes = idBytes(id);
    if (!bytes) return undefined;
    this.index.follow();
    const found = this.sql.get.get(bytes);
    if (!found) return undefined;
    const [scope, ...row] = found;
    return this.index.find(namespace)?.id === scope ? decode(namespace, row as ActivationRow) : undefined;
  }

  list(query: ActivationQuery, page: Page): Activation[] {
    const { records } = this.sql;
    return this.page(
      query,
      page,
      a => a,
      position => records.all(...position).map(row => decode(query.namespace, row)),
    );
  }

  summaries(query: ActivationQuery, page: Page): ActivationSummary[] {
    const { summaries } = this.sql;
    return this.page(query, page, summaryOf, position =>
      summaries.all(...position).map(row => decodeSummary(query.namespace, row)),
    );
  }

  weight(query: ActivationQuery, page: Page): number {
    const { weights } = this.sql;
    return this.page(
      query,
      page,
      a => ({ start: a.start, weight: weightOf(a) }),
      position => weights.all(...position).map(([start, weight]) => ({ start, weight })),
    ).reduce((sum, { weight }) => sum + weight, 0);
  }

  count(query: ActivationQuery): number {
    return this.pending.matching(query).length + (this.range(query)?.rows ?? 0);
  }

  flush(): Promise<void> {
    return this.batches.flush();
  }

  private range({ namespace, name, since, upto }: ActivationQuery): Range | undefined {
    this.index.follow();
    const scope = this.index.find(name === undefined ? namespace : `${namespace}/${name}`);
    if (!scope) return undefined;
    const top = upto === undefined ? scope.runs.total : this.index.below(scope, upto + 1);
    const bottom = since === undefined ? 0 : this.index.below(scope, since);
    return { scope, newer: scope.runs.total - top, rows: Math.max(0, top - bottom) };
  }

  /**
   * The first of `fresh` whose place in the whole list is at or after `skip`. Of an equal `start` the fresh one comes
   * first, being put later; so its place is its index plus the stored rows with a greater `start`.
   */
  private firstFrom(fresh: readonly Activation[], range: Range | undefined, skip: number): number {
    let low = 0;
    let high = fresh.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (middle + this.storedAbove(range, (fresh[middle] as Activation).start) < skip) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private storedAbove(range: Range | undefined, start: number): number {
    if (!range) return 0;
    return range.scope.runs.total - this.index.below(range.scope, start + 1) - range.newer;
  }

  /** A page of what is in the file and of what waits: that through `show`. */
  private page<T extends { readonly start: number }>(
    query: ActivationQuery,
    { skip, limit }: Page,
    show: (activation: Activation) => T,
    read: (position: readonly number[]) => T[],
  ): T[] {
    const fresh = this.pending.matching(query);
    const range = this.range(query);
    const firstFresh = this.firstFrom(fresh, range, skip);
    const position = this.position(range, skip - firstFresh, limit);
    const stored = position === undefined ? [] : read(position);
    const merged: T[] = [];
    let f = firstFresh;
    let s = 0;
    while (merged.length < limit) {
      const a = fresh[f];
      const b = stored[s];
      if (a && (!b || a.start >= b.start)) {
        merged.push(show(a));
        f++;
      } else if (b) {
        merged.push(b);
        s++;
      } else break;
    }
    return merged;
  }

  /** What the statements of a page are given; undefined when it has no rows. */
  private position(range: Range | undefined, skip: number, limit: number): readonly number[] | undefined {
    const rows = range ? Math.min(limit, range.rows - skip) : 0;
    if (!range || rows <= 0) return undefined;
    const { start, seq, offset } = this.index.position(range.scope, range.newer + skip);
    return [range.scope.id, start, seq, rows, offset];
  }
}
