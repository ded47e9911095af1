import { chmodSync, closeSync, openSync } from 'node:fs';

/** A database's file and those that SQLite puts beside it. */
export const DATABASE_FILES = ['', '-wal', '-shm'];

const OWNER_ALONE = 0o600;

/**
 * Makes a database's file before SQLite would, so that nobody else can ever read it: SQLite gives the files beside it the
 * same mode. One that is there is left as it is, and never opened: to close it would drop SQLite's locks on it.
 */
export const createPrivate = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', OWNER_ALONE));
  } catch {
    // It is there, or cannot be made: SQLite says which.
  }
};

/** Closes what is there of a database to everybody but its owner. Throws when it is another's. */
export const makePrivate = (file: string): void => {
  if (process.platform === 'win32') return;
  for (const suffix of DATABASE_FILES) {
    try {
      chmodSync(file + suffix, OWNER_ALONE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
};
