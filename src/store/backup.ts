import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { errorText, UsageError } from '../errors.js';
import { openSqlite } from './binding.js';
import { databaseFile, makeDirectory } from './database.js';
import { lockDirectory } from './lock.js';
import { schemaOf } from './migrate.js';
import { createPrivate, DATABASE_FILES, makePrivate } from './private.js';

/** Pages copied per turn of the loop: about a millisecond. */
const PAGES_PER_TURN = 256;
const ALL_PAGES = 0x7fffffff;

/**
 * Store's `backup`. SQLite begins a copy anew when another connection writes between two of its steps: unless `alone`, all
 * is copied in one step, which holds up nobody but this process.
 */
export const backup = async (
  db: Sqlite.Database,
  file: string,
  alone: boolean,
  progress?: (share: number) => void,
): Promise<void> => {
  if (existsSync(file)) throw new UsageError(`The backup ${file} exists already; choose another name.`);
  const part = `${file}.part`;
  try {
    createPrivate(part);
    makePrivate(part);
    await db.backup(part, {
      progress({ totalPages, remainingPages }) {
        if (totalPages > 0) progress?.(1 - remainingPages / totalPages);
        return alone ? PAGES_PER_TURN : ALL_PAGES;
      },
    });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw new UsageError(`The backup ${file} cannot be written: ${errorText(error)}`);
  }
};

/**
 * Throws `UsageError`, which names `file`, unless its copy is a whole database of this or an older miniwhisk. Reads all of it.
 * Also closes what its journal holds: after a restore nobody knows whether that ran.
 */
const prepare = (copy: string, file: string): void => {
  let db: Sqlite.Database | undefined;
  try {
    db = openSqlite(copy, { fileMustExist: true });
    if (schemaOf(db, file) === 0) throw new UsageError(`${file} is empty.`);
    const [finding] = db.pragma('integrity_check(1)') as { integrity_check: string }[];
    if (finding?.integrity_check !== 'ok') throw new UsageError(`${file} is damaged: ${finding?.integrity_check}`);
    db.exec('UPDATE journal SET started = 1');
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${file} is no usable backup: ${errorText(error)}`);
  } finally {
    db?.close();
  }
};

const sync = (file: string): void => {
  const fd = openSync(file, 'r+');
  fsyncSync(fd);
  closeSync(fd);
};

/**
 * Puts a backup in the place of a data directory's database. The backup is checked first and left as it is; the present
 * database is kept, under the name returned. Throws `UsageError`, also while a server uses the directory; then nothing changed.
 */
export const restore = (dir: string, file: string, now: number): { readonly previous: string | undefined } => {
  makeDirectory(dir);
  const lock = lockDirectory(dir);
  const target = databaseFile(dir);
  const part = `${target}.restoring`;
  try {
    try {
      copyFileSync(file, part);
      makePrivate(part);
    } catch (error) {
      throw new UsageError(`The backup ${file} cannot be copied: ${errorText(error)}`);
    }
    prepare(part, file);
    sync(part);
    const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
    const previous = existsSync(target) ? `${target}.replaced-${stamp}` : undefined;
    for (const suffix of DATABASE_FILES)
      if (previous !== undefined && existsSync(target + suffix)) renameSync(target + suffix, previous + suffix);
    renameSync(part, target);
    return { previous };
  } finally {
    for (const suffix of DATABASE_FILES) rmSync(part + suffix, { force: true });
    lock.release();
  }
};
