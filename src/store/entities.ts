import type Sqlite from 'better-sqlite3';
import type { EntityDoc } from '../entities/types.js';
import type { Changes } from './changes.js';
import { writing } from './failures.js';
import { freeze } from './freeze.js';
import {
  CorruptDocument,
  type EntityQuery,
  type EntityStore,
  type EntityWrite,
  type Page,
  RevisionConflict,
  type Stored,
} from './store.js';

/** Decoded documents kept, by the length of their JSON. */
const CACHE_CHARS = 32 * 1024 * 1024;

interface Row {
  readonly path: string;
  readonly rev: number;
  readonly doc: string;
}

type Cached = Stored<EntityDoc> & { readonly chars: number };

const packageOf = (path: string): string => {
  const [, pkg, name] = path.split('/');
  return pkg !== undefined && name !== undefined ? pkg : '';
};

const decode = (row: Row): Cached => {
  try {
    return { doc: freeze(JSON.parse(row.doc) as EntityDoc), rev: row.rev, chars: row.doc.length };
  } catch (error) {
    throw new CorruptDocument(`The stored document of ${row.path} cannot be decoded.`, { cause: error });
  }
};

const statements = (db: Sqlite.Database) => {
  const inType = 'FROM entity WHERE namespace = ? AND type = ?';
  const inPackage = `FROM entity WHERE namespace = ? AND package = ? AND package <> '' AND type = ?`;
  const newest = 'ORDER BY updated DESC, rev DESC LIMIT ? OFFSET ?';
  return {
    get: db.prepare<[string], Row>('SELECT path, rev, doc FROM entity WHERE path = ?'),
    rev: db.prepare<[string], number>('SELECT rev FROM entity WHERE path = ?').pluck(),
    nextRev: db.prepare<[], number>(`UPDATE counter SET value = value + 1 WHERE name = 'rev' RETURNING value`).pluck(),
    put: db.prepare(
      `INSERT INTO entity (path, namespace, package, type, public, updated, rev, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET type = excluded.type, public = excluded.public, updated = excluded.updated,
         rev = excluded.rev, doc = excluded.doc`,
    ),
    delete: db.prepare('DELETE FROM entity WHERE path = ?'),
    code: db.prepare<[string], string>('SELECT code FROM code WHERE path = ?').pluck(),
    putCode: db.prepare('INSERT INTO code VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET code = excluded.code'),
    deleteCode: db.prepare('DELETE FROM code WHERE path = ?'),
    list: {
      type: db.prepare<unknown[], Row>(`SELECT path, rev, doc ${inType} ${newest}`),
      public: db.prepare<unknown[], Row>(`SELECT path, rev, doc ${inType} AND public = 1 ${newest}`),
      package: db.prepare<unknown[], Row>(`SELECT path, rev, doc ${inPackage} ${newest}`),
    },
    count: {
      type: db.prepare<unknown[], number>(`SELECT count(*) ${inType}`).pluck(),
      public: db.prepare<unknown[], number>(`SELECT count(*) ${inType} AND public = 1`).pluck(),
      package: db.prepare<unknown[], number>(`SELECT count(*) ${inPackage}`).pluck(),
    },
  };
};

type Shape = 'type' | 'public' | 'package';
const shapeOf = (query: EntityQuery): Shape =>
  query.package !== undefined ? 'package' : query.publicOnly ? 'public' : 'type';
const keysOf = (query: EntityQuery): string[] =>
  query.package !== undefined ? [query.namespace, query.package, query.type] : [query.namespace, query.type];

export class SqliteEntities implements EntityStore {
  private readonly sql: ReturnType<typeof statements>;
  private readonly transaction: Sqlite.Transaction<(writes: readonly EntityWrite[]) => number[]>;
  private readonly cache = new Map<string, Cached>();
  private chars = 0;
  private seen = 0;

  constructor(
    db: Sqlite.Database,
    private readonly changes: Changes,
  ) {
    this.sql = statements(db);
    this.transaction = db.transaction(writes => writes.map(write => this.writeOne(write)));
  }

  get(path: string): Stored<EntityDoc> | undefined {
    this.follow();
    const cached = this.cache.get(path);
    if (cached) return cached;
    const row = this.sql.get.get(path);
    return row && this.keep(row);
  }

  write(writes: readonly EntityWrite[]): readonly number[] {
    const revs = writing(() => this.transaction.immediate(writes));
    for (const { path } of writes) this.forget(path);
    return revs;
  }

  code(path: string): string | undefined {
    return this.sql.code.get(path);
  }

  list(query: EntityQuery, page: Page): EntityDoc[] {
    this.follow();
    const rows = this.sql.list[shapeOf(query)].all(...keysOf(query), page.limit, page.skip);
    return rows.map(row => {
      const cached = this.cache.get(row.path);
      return (cached?.rev === row.rev ? cached : this.keep(row)).doc;
    });
  }

  count(query: EntityQuery): number {
    return this.sql.count[shapeOf(query)].get(...keysOf(query)) ?? 0;
  }

  /** Revisions are compared with the file, never with memory. */
  private writeOne({ path, rev, doc, code }: EntityWrite): number {
    const current = this.sql.rev.get(path);
    if (current !== rev) {
      throw new RevisionConflict(`${path} has revision ${current ?? 'none'}, not ${rev ?? 'none'}.`);
    }
    const next = this.sql.nextRev.get() as number;
    if (doc === undefined) {
      this.sql.delete.run(path);
      this.sql.deleteCode.run(path);
      return next;
    }
    const namespace = path.slice(0, path.indexOf('/'));
    const isPublic = doc.type === 'package' && doc.publish && doc.binding === undefined ? 1 : 0;
    this.sql.put.run(path, namespace, packageOf(path), doc.type, isPublic, doc.updated, next, JSON.stringify(doc));
    if (typeof code === 'string') this.sql.putCode.run(path, code);
    else if (code === null) this.sql.deleteCode.run(path);
    return next;
  }

  private keep(row: Row): Cached {
    const entry = decode(row);
    this.forget(row.path);
    this.cache.set(row.path, entry);
    this.chars += entry.chars;
    for (const oldest of this.cache.keys()) {
      if (this.chars <= CACHE_CHARS) break;
      this.forget(oldest);
    }
    return entry;
  }

  private forget(path: string): void {
    const entry = this.cache.get(path);
    if (!entry) return;
    this.cache.delete(path);
    this.chars -= entry.chars;
  }

  private follow(): void {
    const generation = this.changes.seen();
    if (generation === this.seen) return;
    this.seen = generation;
    this.cache.clear();
    this.chars = 0;
  }
}
