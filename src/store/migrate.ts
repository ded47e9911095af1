import type Sqlite from 'better-sqlite3';
import { UsageError } from '../errors.js';
import { first } from './migrations/001-first.js';
import { journalShared } from './migrations/002-journal-shared.js';

/** Schema n is made by the nth. */
const migrations: readonly ((db: Sqlite.Database) => void)[] = [first, journalShared];

/** The schema this program writes. */
export const SCHEMA = migrations.length;

/** `mwsk`: marks the file as ours (SQLite's application_id). */
const APPLICATION = 0x6d77736b;

/** Which schema the file has; 0 when it is empty. Throws `UsageError` when another program or a newer miniwhisk wrote it. */
export const schemaOf = (db: Sqlite.Database, file: string): number => {
  const version = db.pragma('user_version', { simple: true }) as number;
  const application = db.pragma('application_id', { simple: true }) as number;
  const empty = db.prepare('SELECT 1 FROM sqlite_master').get() === undefined;
  if (!empty && application !== APPLICATION) throw new UsageError(`${file} is the database of another program.`);
  if (version > SCHEMA) {
    throw new UsageError(
      `${file} has schema ${version}, written by a newer miniwhisk; this one knows schemas up to ${SCHEMA}. ` +
        'Use the newer miniwhisk, restore a backup made by this one, or choose another data directory.',
    );
  }
  return version;
};

/** Brings an older or empty file to `SCHEMA`, a transaction per step. */
export const migrate = (db: Sqlite.Database, from: number): void => {
  for (let version = from; version < SCHEMA; version++) {
    db.transaction(() => {
      migrations[version]?.(db);
      db.pragma(`application_id = ${APPLICATION}`);
      db.pragma(`user_version = ${version + 1}`);
    }).exclusive();
  }
};
