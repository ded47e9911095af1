import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { openSqlite } from './binding.js';
import { sqliteCode } from './failures.js';
import { createPrivate } from './private.js';

export interface Lock {
  release(): void;
}

/**
 * Takes the data directory for this process, or throws `UsageError`. The lock is an exclusive transaction on a file of its
 * own: the operating system drops it however the process ends, on every platform.
 */
export const lockDirectory = (dir: string): Lock => {
  const file = join(dir, 'server.lock');
  // Who may read it may lock it, too.
  createPrivate(file);
  const db = openSqlite(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error;
    throw new UsageError(
      `The data directory ${dir} is in use by another miniwhisk server. Stop that one, or choose another data directory.`,
    );
  }
  return { release: () => db.close() };
};
