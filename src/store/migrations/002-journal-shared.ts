import type Sqlite from 'better-sqlite3';

/** Schema 2: what entries of the journal have in common is there once. A released migration is never edited. */
export const journalShared = (db: Sqlite.Database): void => {
  db.exec(`
    CREATE TABLE journal_shared (id INTEGER PRIMARY KEY, payload BLOB NOT NULL);
    ALTER TABLE journal ADD COLUMN shared INTEGER;    -- id in journal_shared
    CREATE INDEX journal_by_shared ON journal (shared) WHERE shared IS NOT NULL;
  `);
};
