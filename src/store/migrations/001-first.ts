import type Sqlite from 'better-sqlite3';

/** Schema 1. A released migration is never edited: add the next number instead. */
export const first = (db: Sqlite.Database): void => {
  db.exec(`
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counter VALUES ('rev', 0), ('activations', 0), ('activation_bytes', 0);

    CREATE TABLE entity (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL UNIQUE,
      namespace TEXT NOT NULL,
      package TEXT NOT NULL,            -- '' outside packages
      type TEXT NOT NULL,
      public INTEGER NOT NULL,          -- 1: readers of other namespaces may list it
      updated INTEGER NOT NULL,
      rev INTEGER NOT NULL,
      doc TEXT NOT NULL
    );
    CREATE INDEX entity_by_type ON entity (namespace, type, updated, rev, public);
    CREATE INDEX entity_by_package ON entity (namespace, package, type, updated, rev) WHERE package <> '';
    -- Apart from entity, so that reading and listing documents never touches it.
    CREATE TABLE code (path TEXT PRIMARY KEY, code TEXT NOT NULL);

    CREATE TABLE subject (id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, blocked INTEGER NOT NULL);
    CREATE TABLE subject_namespace (
      subject INTEGER NOT NULL REFERENCES subject (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      name TEXT NOT NULL,
      uuid TEXT NOT NULL UNIQUE,
      key TEXT NOT NULL,
      PRIMARY KEY (subject, position)
    );
    CREATE TABLE namespace_limits (namespace TEXT PRIMARY KEY, limits TEXT NOT NULL);

    -- A scope is what a list can be restricted to: 'ns', 'ns/name', 'ns/pkg/name'.
    CREATE TABLE scope (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
    CREATE INDEX scope_namespace ON scope (id) WHERE instr(path, '/') = 0;
    CREATE TABLE activation (
      seq INTEGER PRIMARY KEY,          -- order of put
      id BLOB NOT NULL UNIQUE,
      namespace INTEGER NOT NULL,       -- scope of the namespace, of the name, and of the name as bound
      named INTEGER NOT NULL,
      bound INTEGER,
      bytes INTEGER NOT NULL,           -- what the row weighs for retention
      name TEXT NOT NULL,
      version TEXT NOT NULL,
      subject TEXT NOT NULL,
      cause BLOB,
      start INTEGER NOT NULL,
      "end" INTEGER,
      duration INTEGER,
      status INTEGER NOT NULL,
      size INTEGER,
      annotations TEXT NOT NULL,
      logs TEXT NOT NULL,               -- last, so that summaries never read their overflow pages
      result TEXT
    );
    CREATE TABLE activation_index (
      scope INTEGER NOT NULL, start INTEGER NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (scope, start, seq)
    ) WITHOUT ROWID;
    -- activation_index cut into runs of some hundred rows: the key of the first, and how many (activation-index.ts).
    CREATE TABLE activation_run (
      scope INTEGER NOT NULL, start INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,
      PRIMARY KEY (scope, start, seq)
    ) WITHOUT ROWID;

    CREATE TABLE journal (
      seq INTEGER PRIMARY KEY,          -- order of acceptance
      id BLOB NOT NULL,
      accepted INTEGER NOT NULL,        -- epoch ms
      started INTEGER NOT NULL,
      payload BLOB NOT NULL
    );

    CREATE TABLE document (
      collection TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL,
      PRIMARY KEY (collection, id)
    );
  `);
};
