import Sqlite from 'better-sqlite3';

/**
 * What the binding made in this process. Compiled with the headers of Node.js 24.19 or later in that line, one of its objects
 * ends the process when it is collected as garbage (https://github.com/nodejs/node/issues/65446): none of them ever is. They
 * are few, each statement is prepared once for a database, and a closed one holds next to no memory.
 */
const kept: unknown[] = [];

const keep = <T>(made: T): T => {
  kept.push(made);
  return made;
};

/** Opens a database file or `:memory:`; throws as better-sqlite3 does. Nobody else constructs one. */
export const openSqlite = (file: string, options?: Sqlite.Options): Sqlite.Database => {
  const db = keep(new Sqlite(file, options));
  const { prepare } = db;
  const preparing = (sql: string): Sqlite.Statement => keep(prepare.call(db, sql) as Sqlite.Statement);
  db.prepare = preparing as typeof db.prepare;
  db.pragma = (source, { simple = false } = {}) => {
    const statement = preparing(`PRAGMA ${source}`);
    if (!statement.reader) return statement.run() && [];
    return simple ? statement.pluck().get() : statement.all();
  };
  return db;
};
