import Sqlite from 'better-sqlite3';
import { StoreUnavailable } from './store.js';

/** SQLite's extended result code (`SQLITE_FULL`, `SQLITE_IOERR_WRITE` …), undefined for other errors. */
export const sqliteCode = (error: unknown): string | undefined =>
  error instanceof Sqlite.SqliteError ? error.code : undefined;

const UNAVAILABLE = /^SQLITE_(?:FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|PROTOCOL|NOMEM)/;
const DAMAGED = /^SQLITE_(?:NOTADB|CORRUPT)/;

/** The file cannot be written now; the same write may succeed later. */
export const isUnavailable = (error: unknown): boolean => UNAVAILABLE.test(sqliteCode(error) ?? '');

export const isDamaged = (error: unknown): boolean => DAMAGED.test(sqliteCode(error) ?? '');

export const unavailable = (error: unknown): StoreUnavailable =>
  new StoreUnavailable(`The store cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });

/** Runs a write and turns what may pass into `StoreUnavailable`. */
export const writing = <T>(write: () => T): T => {
  try {
    return write();
  } catch (error) {
    throw isUnavailable(error) ? unavailable(error) : error;
  }
};
