import type Sqlite from 'better-sqlite3';
import type { Clock } from '../clock.js';
import { PassingMap } from '../passing-map.js';
import { checkId, ownId } from './activation-rows.js';
import type { Batches, BatchPart } from './batches.js';
import { unavailable } from './failures.js';
import type { Marks } from './marks.js';
import { type JournalEntry, type JournalStore, StoreUnavailable } from './store.js';

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly accepted: number;
  state: JournalEntry['state'];
  /** `seq` of the first that was accepted with it, when they share something. */
  readonly shared?: number;
  /** Where it is marked as started, by this process. */
  slot?: number;
}

/** One call of `accept`. */
interface Group {
  readonly entries: readonly { readonly entry: Entry; readonly payload: string | Buffer }[];
  readonly shared: string | Buffer | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const statements = (db: Sqlite.Database) => ({
  all: db.prepare<[], { seq: number; id: Buffer; accepted: number; started: number; shared: number | null }>(
    'SELECT seq, id, accepted, started, shared FROM journal ORDER BY seq',
  ),
  insert: db.prepare('INSERT INTO journal (seq, id, accepted, started, payload, shared) VALUES (?, ?, ?, 0, ?, ?)'),
  insertShared: db.prepare('INSERT INTO journal_shared (id, payload) VALUES (?, ?)'),
  setStarted: db.prepare('UPDATE journal SET started = 1 WHERE seq = ?'),
  delete: db.prepare('DELETE FROM journal WHERE seq = ?'),
  deleteShared: db.prepare(
    'DELETE FROM journal_shared WHERE id = ? AND NOT EXISTS (SELECT 1 FROM journal WHERE shared = journal_shared.id)',
  ),
  payload: db.prepare<[number], string | Buffer>('SELECT payload FROM journal WHERE seq = ?').pluck(),
  shared: db.prepare<[number], string | Buffer>('SELECT payload FROM journal_shared WHERE id = ?').pluck(),
});

export class SqliteJournal implements JournalStore, BatchPart {
  private readonly sql: ReturnType<typeof statements>;
  /** Committed entries, in order of acceptance. */
  private readonly open = new PassingMap<string, Entry>();
  private readonly waiting = new PassingMap<string, Entry>();
  private groups: Group[] = [];
  private ending = new Set<string>();
  private writtenGroups = 0;
  /** Entries whose removal is in the open transaction. */
  private removed = new Set<Entry>();
  private nextSeq = 1;

  constructor(
    db: Sqlite.Database,
    private readonly batches: Batches,
    private readonly clock: Clock,
    private readonly marks: Marks,
  ) {
    this.sql = statements(db);
    const started = marks.left();
    const takeOver = db.transaction(() => this.takeOver(started));
    // Only a store that marks writes here; others may be beside a server and must not wait for it.
    if (started.size > 0) takeOver.immediate();
    else takeOver();
  }

  get size(): number {
    return this.groups.length + this.ending.size;
  }

  get urgent(): boolean {
    return this.groups.length > 0;
  }

  accept(
    entries: readonly { readonly id: string; readonly payload: string | Buffer }[],
    shared?: string | Buffer,
  ): Promise<void> {
    if (this.batches.closed) return Promise.reject(new StoreUnavailable('The store is closed.'));
    const fresh: { entry: Entry; payload: string | Buffer }[] = [];
    const common = shared !== undefined && { shared: this.nextSeq };
    for (const { id, payload } of entries) {
      checkId(id);
      if (this.open.has(id) || this.waiting.has(id)) continue;
      const entry: Entry = { id, seq: this.nextSeq++, accepted: this.clock.now(), state: 'accepted', ...common };
      this.waiting.set(id, entry);
      fresh.push({ entry, payload });
    }
    return new Promise((resolve, reject) => {
      this.groups.push({ entries: fresh, shared, resolve, reject });
      this.batches.soon();
    });
  }

  started(id: string): void {
    const entry = this.open.get(id);
    if (!entry || entry.state === 'started') return;
    try {
      entry.slot = this.marks.mark(ownId(id));
    } catch (error) {
      throw unavailable(error);
    }
    entry.state = 'started';
  }

  done(id: string): void {
    if (!this.open.has(id)) return;
    this.ending.add(id);
    this.batches.later();
  }

  pending(): JournalEntry[] {
    return [...this.open.values()]
      .filter(({ id }) => !this.ending.has(id))
      .map(({ id, accepted, state, shared }) => ({ id, accepted, state, ...(shared !== undefined && { shared }) }));
  }

  payload(id: string): string | undefined {
    const entry = this.open.get(id);
    return entry && this.sql.payload.get(entry.seq)?.toString();
  }

  shared(of: number): string | undefined {
    return this.sql.shared.get(of)?.toString();
  }

  /** In a batch's transaction: the entry's activation is written by it. */
  readonly close = (id: string): void => {
    const entry = this.open.get(id);
    if (!entry) return;
    this.sql.delete.run(entry.seq);
    if (entry.shared !== undefined) this.sql.deleteShared.run(entry.shared);
    this.removed.add(entry);
  };

  write(until: number): void {
    for (const group of this.groups) {
      for (const { entry, payload } of group.entries) {
        this.sql.insert.run(entry.seq, ownId(entry.id), entry.accepted, payload, entry.shared ?? null);
      }
      const shared = group.entries[0]?.entry.shared;
      if (shared !== undefined) this.sql.insertShared.run(shared, group.shared);
      this.writtenGroups++;
      if (performance.now() >= until) return;
    }
    for (const id of this.ending) this.close(id);
  }

  committed(): void {
    const groups = this.groups.splice(0, this.writtenGroups);
    this.writtenGroups = 0;
    for (const group of groups) {
      for (const { entry } of group.entries) {
        this.waiting.delete(entry.id);
        this.open.set(entry.id, entry);
      }
    }
    for (const entry of this.removed) {
      this.open.delete(entry.id);
      this.ending.delete(entry.id);
      if (entry.slot !== undefined) this.marks.free(entry.slot);
    }
    this.removed = new Set();
    for (const group of groups) group.resolve();
  }

  failed(error: unknown): void {
    const groups = this.groups;
    this.groups = [];
    this.writtenGroups = 0;
    this.removed = new Set();
    this.waiting.clear();
    for (const group of groups) group.reject(unavailable(error));
  }

  /** Entries an earlier process left; its marks go into the table, so that their slots are free. */
  private takeOver(started: ReadonlySet<string>): void {
    for (const row of this.sql.all.all()) {
      const id = row.id.toString('hex');
      const isStarted = row.started === 1 || started.has(id);
      if (isStarted && row.started === 0) this.sql.setStarted.run(row.seq);
      const { seq, accepted, shared } = row;
      const state = isStarted ? 'started' : 'accepted';
      this.open.set(id, { id, seq, accepted, state, ...(shared !== null && { shared }) });
      this.nextSeq = row.seq + 1;
    }
  }
}
