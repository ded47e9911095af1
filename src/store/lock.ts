import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { openSqlite } from './binding.js';
import { sqliteCode } from './failures.js';
import { createPrivate } from './private.js';

export interface Lock {
  release(): void;
}

/** A command that asks with `isLocked` is in the way for less than this, in ms. */
const ASKING = 100;

const lockFile = (dir: string): string => join(dir, 'server.lock');
const isBusy = (error: unknown): boolean => sqliteCode(error)?.startsWith('SQLITE_BUSY') === true;

/**
 * Takes the data directory for this process, or throws `UsageError`. The lock is an exclusive transaction on a file of its
 * own: the operating system drops it however the process ends, on every platform.
 */
export const lockDirectory = (dir: string): Lock => {
  const file = lockFile(dir);
  // Who may read it may lock it, too.
  createPrivate(file);
  const db = openSqlite(file, { timeout: ASKING });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw error;
    throw new UsageError(
      `The data directory ${dir} is in use by another miniwhisk server. Stop that one, or choose another data directory.`,
    );
  }
  return { release: () => db.close() };
};

/** Whether a process holds the directory now. */
export const isLocked = (dir: string): boolean => {
  if (!existsSync(lockFile(dir))) return false;
  const db = openSqlite(lockFile(dir), { readonly: true, timeout: 0 });
  try {
    db.prepare('SELECT 1 FROM sqlite_master').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    db.close();
  }
};
