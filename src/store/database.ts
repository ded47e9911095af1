import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { errorText, UsageError } from '../errors.js';
import { openSqlite } from './binding.js';
import { isDamaged, isUnavailable } from './failures.js';
import { type Lock, lockDirectory } from './lock.js';
import { migrate, SCHEMA, schemaOf } from './migrate.js';
import { createPrivate, DATABASE_FILES, makePrivate } from './private.js';

export interface DatabaseOptions {
  /** Undefined: in memory. */
  readonly dir: string | undefined;
  readonly durability: 'normal' | 'full';
  /** True for the server: nobody else may hold the directory. */
  readonly exclusive: boolean;
  /** Start with an empty database; a damaged one is kept aside. */
  readonly clean: boolean;
  /** Epoch ms, for the name of a file kept aside. */
  readonly now: number;
}

export interface OpenDatabase {
  readonly db: Sqlite.Database;
  readonly lock: Lock | undefined;
}

const FILE = 'miniwhisk.db';
export const databaseFile = (dir: string): string => join(dir, FILE);

/** A server must not stand still for long behind a CLI's write; a command can wait. */
const BUSY_MS = { server: 250, command: 5000 };
/** A whole check reads the whole file: up to this size it takes some 20 ms. Beyond, activations are left out. */
const FULL_CHECK_BYTES = 16 * 1024 * 1024;
const SMALL_TABLES = ['counter', 'entity', 'subject', 'subject_namespace', 'namespace_limits', 'scope', 'document'];

/** Makes the directory, readable by its owner alone. Throws `UsageError`. */
export const makeDirectory = (dir: string): void => {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`The data directory ${dir} cannot be made: ${errorText(error)}`);
  }
};

const configure = (db: Sqlite.Database, durability: 'normal' | 'full'): void => {
  // Must come before the first table; later it is a property of the file.
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  db.pragma('cache_size = -8192');
  db.pragma('temp_store = MEMORY');
  db.pragma('journal_size_limit = 16777216');
};

/** Throws `Damaged`. */
const checkWhole = (db: Sqlite.Database, file: string): void => {
  const whole = statSync(file).size <= FULL_CHECK_BYTES;
  const checks = whole ? ['quick_check(1)'] : SMALL_TABLES.map(table => `quick_check(${table})`);
  for (const check of checks) {
    const [finding] = db.pragma(check) as { quick_check: string }[];
    if (finding && finding.quick_check !== 'ok') throw new Damaged(finding.quick_check);
  }
};

/** What a check found. */
class Damaged extends Error {}

const damaged = (file: string, reason: string): UsageError =>
  new UsageError(
    `The database ${file} is damaged (${reason.trim().replaceAll('\n', ' ')}). Nothing was changed. ` +
      `Put a backup in its place with 'miniwhisk restore', or start with --clean: ` +
      `the damaged file is then kept beside it as ${FILE}.damaged-<time>, and the server begins with an empty database.`,
  );

const open = (file: string, options: DatabaseOptions): Sqlite.Database => {
  createPrivate(file);
  const db = openSqlite(file, { timeout: options.exclusive ? BUSY_MS.server : BUSY_MS.command });
  try {
    const schema = schemaOf(db, file);
    if (schema > 0) checkWhole(db, file);
    configure(db, options.durability);
    if (schema < SCHEMA) migrateAlone(db, file, schema, options);
    // Older versions left the files beside it open to others.
    makePrivate(file);
    return db;
  } catch (error) {
    db.close();
    if (isDamaged(error)) throw new Damaged(errorText(error));
    throw error;
  }
};

/** A running server must not have its schema changed by a command of a newer version. */
const migrateAlone = (db: Sqlite.Database, file: string, schema: number, options: DatabaseOptions): void => {
  const lock = options.exclusive ? undefined : lockDirectory(join(file, '..'));
  try {
    migrate(db, schemaOf(db, file) || schema);
  } finally {
    lock?.release();
  }
};

const remove = (file: string): void => {
  for (const suffix of DATABASE_FILES) rmSync(file + suffix, { force: true });
};

const keepAside = (file: string, now: number): void => {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  for (const suffix of DATABASE_FILES)
    if (existsSync(file + suffix)) renameSync(file + suffix, `${file}.damaged-${stamp}${suffix}`);
};

const openClean = (file: string, options: DatabaseOptions): Sqlite.Database => {
  if (existsSync(file)) {
    try {
      open(file, options).close();
      remove(file);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      keepAside(file, options.now);
    }
  }
  return open(file, options);
};

const openInMemory = (): OpenDatabase => {
  const db = openSqlite(':memory:');
  configure(db, 'normal');
  migrate(db, 0);
  return { db, lock: undefined };
};

/**
 * Opens, checks and migrates the database. Throws `UsageError` when the directory cannot be used or is in use, when the
 * file is damaged (nothing is changed then, unless `clean`), another program's, or a newer miniwhisk's.
 */
export const openDatabase = (options: DatabaseOptions): OpenDatabase => {
  if (options.dir === undefined) return openInMemory();
  makeDirectory(options.dir);
  const file = databaseFile(options.dir);
  let lock: Lock | undefined;
  try {
    if (options.exclusive) lock = lockDirectory(options.dir);
    return { db: options.clean ? openClean(file, options) : open(file, options), lock };
  } catch (error) {
    lock?.release();
    if (error instanceof Damaged) throw damaged(file, error.message);
    if (isUnavailable(error))
      throw new UsageError(`The data directory ${options.dir} cannot be used: ${errorText(error)}`);
    throw error;
  }
};
