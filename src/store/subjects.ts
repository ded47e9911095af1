import { timingSafeEqual } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type { NamespaceLimits, Subject, SubjectNamespace } from '../entities/types.js';
import { UsageError } from '../errors.js';
import { remember } from '../remember.js';
import type { Changes } from './changes.js';
import { sqliteCode, writing } from './failures.js';
import { freeze } from './freeze.js';
import type { KeyOwner, SubjectStore } from './store.js';

interface Row extends SubjectNamespace {
  readonly subject: string;
  readonly blocked: number;
}

interface Credential {
  readonly owner: KeyOwner;
  readonly key: Buffer;
}

/** Everything there is, in memory: authentication and limits are asked for on every request. */
interface Snapshot {
  readonly subjects: Map<string, Subject>;
  readonly credentials: Map<string, Credential>;
  readonly owners: Map<string, KeyOwner>;
  readonly limits: Map<string, NamespaceLimits>;
}

/** OpenWhisk's keys have 64 characters; a longer one only makes comparison take its length. */
const DUMMY = Buffer.alloc(64);
const bytesOf = remember(key => Buffer.from(key));

const statements = (db: Sqlite.Database) => ({
  all: db.prepare<[], Row>(
    `SELECT s.subject, s.blocked, n.name, n.uuid, n.key FROM subject s
     JOIN subject_namespace n ON n.subject = s.id ORDER BY s.id, n.position`,
  ),
  bare: db.prepare<[], { subject: string; blocked: number }>('SELECT subject, blocked FROM subject ORDER BY id'),
  put: db
    .prepare<[string, number], number>(
      `INSERT INTO subject (subject, blocked) VALUES (?, ?)
       ON CONFLICT (subject) DO UPDATE SET blocked = excluded.blocked RETURNING id`,
    )
    .pluck(),
  clear: db.prepare('DELETE FROM subject_namespace WHERE subject = ?'),
  add: db.prepare('INSERT INTO subject_namespace (subject, position, name, uuid, key) VALUES (?, ?, ?, ?, ?)'),
  delete: db.prepare('DELETE FROM subject WHERE subject = ?'),
  limits: db.prepare<[], { namespace: string; limits: string }>('SELECT namespace, limits FROM namespace_limits'),
  putLimits: db.prepare(
    'INSERT INTO namespace_limits VALUES (?, ?) ON CONFLICT (namespace) DO UPDATE SET limits = excluded.limits',
  ),
  deleteLimits: db.prepare('DELETE FROM namespace_limits WHERE namespace = ?'),
});

export class SqliteSubjects implements SubjectStore {
  private readonly sql: ReturnType<typeof statements>;
  private readonly replace: Sqlite.Transaction<(subject: Subject) => void>;
  private memory: Snapshot | undefined;
  private seen = 0;

  constructor(
    db: Sqlite.Database,
    private readonly changes: Changes,
  ) {
    this.sql = statements(db);
    this.replace = db.transaction(({ subject, namespaces, blocked }: Subject) => {
      const id = this.sql.put.get(subject, blocked ? 1 : 0) as number;
      this.sql.clear.run(id);
      namespaces.forEach(({ name, uuid, key }, position) => {
        this.sql.add.run(id, position, name, uuid, key);
      });
    });
  }

  authenticate(uuid: string, key: string): KeyOwner | undefined {
    const credential = this.snapshot().credentials.get(uuid);
    const given = bytesOf(key);
    const expected = credential?.key ?? DUMMY;
    // A wrong length is no secret, but costs a comparison all the same.
    const sameLength = given.length === expected.length;
    const equal = timingSafeEqual(sameLength ? given : expected, expected);
    return credential && sameLength && equal ? credential.owner : undefined;
  }

  owner(namespace: string): KeyOwner | undefined {
    return this.snapshot().owners.get(namespace);
  }

  get(subject: string): Subject | undefined {
    return this.snapshot().subjects.get(subject);
  }

  put(subject: Subject): void {
    try {
      writing(() => this.replace.immediate(subject));
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw error;
      throw new UsageError(`Another subject or namespace already uses a uuid of ${subject.subject}.`);
    }
    this.memory = undefined;
  }

  delete(subject: string): boolean {
    const { changes } = writing(() => this.sql.delete.run(subject));
    this.memory = undefined;
    return changes > 0;
  }

  inNamespace(namespace: string): Subject[] {
    return [...this.snapshot().subjects.values()].filter(s => s.namespaces.some(n => n.name === namespace));
  }

  limits(namespace: string): NamespaceLimits | undefined {
    return this.snapshot().limits.get(namespace);
  }

  putLimits(namespace: string, limits: NamespaceLimits): void {
    writing(() => this.sql.putLimits.run(namespace, JSON.stringify(limits)));
    this.memory = undefined;
  }

  deleteLimits(namespace: string): boolean {
    const { changes } = writing(() => this.sql.deleteLimits.run(namespace));
    this.memory = undefined;
    return changes > 0;
  }

  private snapshot(): Snapshot {
    const generation = this.changes.seen();
    if (this.memory === undefined || generation !== this.seen) {
      this.seen = generation;
      this.memory = this.load();
    }
    return this.memory;
  }

  private load(): Snapshot {
    const subjects = new Map<string, Subject>();
    const credentials = new Map<string, Credential>();
    const owners = new Map<string, KeyOwner>();
    const namespaces = new Map<string, SubjectNamespace[]>();
    for (const { subject, name, uuid, key } of this.sql.all.all()) {
      const own = namespaces.get(subject);
      if (own) own.push({ name, uuid, key });
      else namespaces.set(subject, [{ name, uuid, key }]);
    }
    for (const { subject, blocked } of this.sql.bare.all()) {
      const own = namespaces.get(subject) ?? [];
      subjects.set(subject, freeze({ subject, namespaces: own, ...(blocked ? { blocked: true } : {}) }));
      for (const namespace of own) {
        const owner = freeze({ subject, blocked: blocked === 1, namespace });
        credentials.set(namespace.uuid, { owner, key: Buffer.from(namespace.key) });
        if (!owners.has(namespace.name)) owners.set(namespace.name, owner);
      }
    }
    const limits = new Map(
      this.sql.limits.all().map(row => [row.namespace, freeze(JSON.parse(row.limits) as NamespaceLimits)]),
    );
    return { subjects, credentials, owners, limits };
  }
}
