import type Sqlite from 'better-sqlite3';
import type { Changes } from './changes.js';

/** Rows of a run before it is split. Large runs make deep pages slow, small ones make many of them. */
const RUN_ROWS = 256;
/** Scopes kept in memory; each takes some 200 bytes and 60 more a run. */
const MAX_SCOPES = 20_000;
const NEVER = Number.MAX_SAFE_INTEGER;

/** `n` consecutive rows of a scope, from the key (`start`, `seq`) up to the next run's. */
interface Run {
  readonly start: number;
  readonly seq: number;
  n: number;
}

/** All rows of one list, oldest run first. */
export interface Scope {
  readonly id: number;
  readonly path: string;
  readonly runs: Run[];
  total: number;
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
  add: db.prepare('INSERT INTO activation_index VALUES (?, ?, ?)'),
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

/** The last run whose first key is not above (`start`, `seq`); the first run when all are. */
const runAt = (runs: readonly Run[], start: number, seq: number): number => {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const run = runs[middle] as Run;
    if (run.start < start || (run.start === start && run.seq <= seq)) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
};

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
    return this.find(path) ?? this.keep({ id: this.sql.create.get(path) as number, path, runs: [], total: 0 });
  }

  /** The path of a scope that has rows. */
  pathOf(id: number): string {
    return this.sql.path.get(id) as string;
  }

  add(scope: Scope, start: number, seq: number): void {
    this.sql.add.run(scope.id, start, seq);
    const { runs } = scope;
    scope.total++;
    if (runs.length === 0) {
      this.change(scope, insertRun(runs, 0, { start, seq, n: 1 }));
      return;
    }
    const at = runAt(runs, start, seq);
    const run = this.reach(scope, at, start, seq);
    run.n++;
    this.change(scope, run);
    if (run.n > RUN_ROWS) this.split(scope, at);
  }

  remove(scope: Scope, start: number, seq: number): void {
    this.sql.remove.run(scope.id, start, seq);
    const at = runAt(scope.runs, start, seq);
    const run = scope.runs[at] as Run;
    scope.total--;
    run.n--;
    if (run.n > 0) {
      this.change(scope, run);
      return;
    }
    scope.runs.splice(at, 1);
    this.dropRun(scope, run);
    if (scope.total > 0) return;
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
    const at = runAt(runs, start, -1);
    let count = 0;
    for (let i = 0; i < at; i++) count += (runs[i] as Run).n;
    const run = runs[at];
    if (!run) return 0;
    return count + (this.sql.between.get(scope.id, run.start, run.seq, start) ?? 0);
  }

  /** Where the row is that has `newer` rows above it. */
  position(scope: Scope, newer: number): Position {
    const { runs } = scope;
    let at = runs.length - 1;
    let offset = newer;
    for (; at > 0 && offset >= (runs[at] as Run).n; at--) offset -= (runs[at] as Run).n;
    const next = runs[at + 1];
    return next ? { start: next.start, seq: next.seq, offset } : { start: NEVER, seq: NEVER, offset };
  }

  /** The run at `at`, begun anew at (`start`, `seq`) when that is older than all there is. */
  private reach(scope: Scope, at: number, start: number, seq: number): Run {
    const run = scope.runs[at] as Run;
    if (run.start < start || (run.start === start && run.seq <= seq)) return run;
    this.dropRun(scope, run);
    const older = { start, seq, n: run.n };
    scope.runs[at] = older;
    return older;
  }

  private dropRun(scope: Scope, run: Run): void {
    this.changed.delete(run);
    this.sql.dropRun.run(scope.id, run.start, run.seq);
  }

  /** Rows mostly come in order, so a full last run is left as it is and a new one begun. */
  private split(scope: Scope, at: number): void {
    const { runs } = scope;
    const run = runs[at] as Run;
    const keep = at === runs.length - 1 ? run.n - 1 : run.n >> 1;
    const first = this.sql.nth.get(scope.id, run.start, run.seq, keep);
    if (!first) throw new Error(`The index of ${scope.path} has fewer rows than it counts.`);
    this.change(scope, insertRun(runs, at + 1, { ...first, n: run.n - keep }));
    run.n = keep;
  }

  private change(scope: Scope, run: Run): void {
    this.changed.set(run, scope);
  }

  private load(id: number, path: string): Scope {
    const runs = this.sql.runs.all(id);
    return this.keep({ id, path, runs, total: runs.reduce((sum, run) => sum + run.n, 0) });
  }

  private keep(scope: Scope): Scope {
    this.scopes.set(scope.path, scope);
    return scope;
  }
}

const insertRun = (runs: Run[], at: number, run: Run): Run => {
  runs.splice(at, 0, run);
  return run;
};
