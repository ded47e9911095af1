import type Sqlite from 'better-sqlite3';
import type { Changes } from './changes.js';
import { type Run, Runs } from './runs.js';

/** Rows of a run before it is split. Large runs make deep pages slow, small ones make many of them. */
const RUN_ROWS = 256;
/** Scopes kept in memory; each takes some 200 bytes and 60 more a run. */
const MAX_SCOPES = 20_000;
const NEVER = Number.MAX_SAFE_INTEGER;

/** All rows of one list. */
export interface Scope {
  readonly id: number;
  readonly path: string;
  readonly runs: Runs;
}

/** A stored activation and the lists it is in. */
export interface Place {
  readonly scopes: readonly Scope[];
  readonly start: number;
  readonly seq: number;
}

/** Where a page begins: `offset` rows below the key (`start`, `seq`), newest first. */
export interface Position {
  readonly start: number;
  readonly seq: number;
  readonly offset: number;
}

const statements = (db: Sqlite.Database) => ({
  find: db.prepare<[string], number>('SELECT id FROM scope WHERE path = ?').pluck(),
  path: db.prepare<[number], string>('SELECT path FROM scope WHERE id = ?').pluck(),
  create: db.prepare<[string], number>('INSERT INTO scope (path) VALUES (?) RETURNING id').pluck(),
  drop: db.prepare('DELETE FROM scope WHERE id = ?'),
  runs: db.prepare<[number], Run>('SELECT start, seq, n FROM activation_run WHERE scope = ? ORDER BY start, seq'),
  saveRun: db.prepare(
    'INSERT INTO activation_run VALUES (?, ?, ?, ?) ON CONFLICT (scope, start, seq) DO UPDATE SET n = excluded.n',
  ),
  dropRun: db.prepare('DELETE FROM activation_run WHERE scope = ? AND start = ? AND seq = ?'),
  // From the rows themselves: one by one from outside they cost three times as much.
  add: ['namespace', 'named', 'bound'].map(scope =>
    db.prepare<[number, number]>(
      `INSERT INTO activation_index
       SELECT ${scope}, start, seq FROM activation WHERE seq BETWEEN ? AND ? AND ${scope} NOT NULL`,
    ),
  ),
  remove: db.prepare('DELETE FROM activation_index WHERE scope = ? AND start = ? AND seq = ?'),
  between: db
    .prepare<unknown[], number>(
      'SELECT count(*) FROM activation_index WHERE scope = ? AND (start, seq) >= (?, ?) AND start < ?',
    )
    .pluck(),
  nth: db.prepare<unknown[], { start: number; seq: number }>(
    `SELECT start, seq FROM activation_index WHERE scope = ? AND (start, seq) >= (?, ?)
     ORDER BY start, seq LIMIT 1 OFFSET ?`,
  ),
});

/**
 * Which activations are in which list, in order of (start, seq), with counts of runs: so any page and any count costs at
 * most one run, however long the list is. Runs live in memory and are saved by `save` in the transaction that changed them;
 * after a rollback `forget` must be called.
 */
export class ActivationIndex {
  private readonly sql: ReturnType<typeof statements>;
  private readonly scopes = new Map<string, Scope>();
  private readonly changed = new Map<Run, Scope>();

  private seen = 0;

  constructor(
    db: Sqlite.Database,
    private readonly changes: Changes,
  ) {
    this.sql = statements(db);
  }

  find(path: string): Scope | undefined {
    const known = this.scopes.get(path);
    if (known) return known;
    const id = this.sql.find.get(path);
    return id === undefined ? undefined : this.load(id, path);
  }

  findOrCreate(path: string): Scope {
    return this.find(path) ?? this.keep({ id: this.sql.create.get(path) as number, path, runs: new Runs([]) });
  }

  /** The path of a scope that has rows. */
  pathOf(id: number): string {
    return this.sql.path.get(id) as string;
  }

  /** All rows of the table `activation` from the first of `places` to the last, which are in order of `seq`. */
  add(places: readonly Place[]): void {
    const first = places[0];
    if (!first) return;
    const last = places.at(-1) as Place;
    const most = Math.max(...places.map(place => place.scopes.length));
    for (const insert of this.sql.add.slice(0, most)) insert.run(first.seq, last.seq);
    for (const { scopes, start, seq } of places) for (const scope of scopes) this.count(scope, start, seq);
    // Those that splitting begins come by here too.
    for (const [run, scope] of this.changed) while (run.n > RUN_ROWS) this.split(scope, run);
  }

  remove(scope: Scope, start: number, seq: number): void {
    this.sql.remove.run(scope.id, start, seq);
    const { runs } = scope;
    const at = runs.indexOf(start, seq);
    const run = runs.at(at) as Run;
    runs.grow(at, -1);
    if (run.n > 0) {
      this.change(scope, run);
      return;
    }
    runs.replace(at);
    this.dropRun(scope, run);
    if (runs.total > 0) return;
    this.scopes.delete(scope.path);
    this.sql.drop.run(scope.id);
  }

  /** Writes the counts that changed. Belongs at the end of the transaction. */
  save(): void {
    for (const [run, scope] of this.changed) this.sql.saveRun.run(scope.id, run.start, run.seq, run.n);
    this.changed.clear();
    if (this.scopes.size > MAX_SCOPES) this.scopes.clear();
  }

  /** Forgets when another process wrote. Comes before every use; in a transaction, before its first change. */
  follow(): void {
    const generation = this.changes.seen();
    if (generation === this.seen) return;
    this.seen = generation;
    this.forget();
  }

  forget(): void {
    this.scopes.clear();
    this.changed.clear();
  }

  /** Rows with a `start` below the bound. */
  below(scope: Scope, start: number): number {
    const { runs } = scope;
    const at = runs.indexOf(start, -1);
    const run = runs.at(at);
    if (!run) return 0;
    return runs.before(at) + (this.sql.between.get(scope.id, run.start, run.seq, start) ?? 0);
  }

  /** Where the row is that has `newer` rows above it. */
  position({ runs }: Scope, newer: number): Position {
    if (runs.length === 0) return { start: NEVER, seq: NEVER, offset: newer };
    const next = runs.withNewer(newer) + 1;
    const offset = newer - (runs.total - runs.before(next));
    const { start, seq } = runs.at(next) ?? { start: NEVER, seq: NEVER };
    return { start, seq, offset };
  }

  private count(scope: Scope, start: number, seq: number): void {
    const { runs } = scope;
    if (runs.length === 0) {
      const first = { start, seq, n: 1 };
      runs.insert(0, first);
      this.change(scope, first);
      return;
    }
    const at = runs.indexOf(start, seq);
    const run = this.reach(scope, at, start, seq);
    runs.grow(at, 1);
    this.change(scope, run);
  }

  /** The run at `at`, begun anew at (`start`, `seq`) when that is older than all there is. */
  private reach(scope: Scope, at: number, start: number, seq: number): Run {
    const run = scope.runs.at(at) as Run;
    if (run.start < start || (run.start === start && run.seq <= seq)) return run;
    this.dropRun(scope, run);
    const older = { start, seq, n: run.n };
    scope.runs.replace(at, older);
    return older;
  }

  private dropRun(scope: Scope, run: Run): void {
    this.changed.delete(run);
    this.sql.dropRun.run(scope.id, run.start, run.seq);
  }

  /** Rows mostly come in order, so a full last run is left as it is and a new one begun. */
  private split(scope: Scope, run: Run): void {
    const { runs } = scope;
    const at = runs.indexOf(run.start, run.seq);
    const keep = at === runs.length - 1 ? RUN_ROWS : run.n >> 1;
    const first = this.sql.nth.get(scope.id, run.start, run.seq, keep);
    if (!first) throw new Error(`The index of ${scope.path} has fewer rows than it counts.`);
    const second = { ...first, n: run.n - keep };
    runs.grow(at, keep - run.n);
    runs.insert(at + 1, second);
    this.change(scope, second);
  }

  private change(scope: Scope, run: Run): void {
    this.changed.set(run, scope);
  }

  private load(id: number, path: string): Scope {
    return this.keep({ id, path, runs: new Runs(this.sql.runs.all(id)) });
  }

  private keep(scope: Scope): Scope {
    this.scopes.set(scope.path, scope);
    return scope;
  }
}
