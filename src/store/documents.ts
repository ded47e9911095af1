import type Sqlite from 'better-sqlite3';
import type { Json } from '../json.js';
import { writing } from './failures.js';
import { CorruptDocument, type DocumentStore } from './store.js';

const decode = (collection: string, id: string, json: string): Json => {
  try {
    return JSON.parse(json) as Json;
  } catch (error) {
    throw new CorruptDocument(`The stored document ${collection}/${id} cannot be decoded.`, { cause: error });
  }
};

export const sqliteDocuments = (db: Sqlite.Database): DocumentStore => {
  const get = db.prepare<[string, string], string>('SELECT json FROM document WHERE collection = ? AND id = ?').pluck();
  const put = db.prepare(
    'INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (collection, id) DO UPDATE SET json = excluded.json',
  );
  const remove = db.prepare('DELETE FROM document WHERE collection = ? AND id = ?');
  const list = db.prepare<[string], { id: string; json: string }>(
    'SELECT id, json FROM document WHERE collection = ? ORDER BY id',
  );
  return {
    get(collection, id) {
      const json = get.get(collection, id);
      return json === undefined ? undefined : decode(collection, id, json);
    },
    put(collection, id, value) {
      writing(() => put.run(collection, id, JSON.stringify(value)));
    },
    delete: (collection, id) => writing(() => remove.run(collection, id)).changes > 0,
    list: collection => list.all(collection).map(({ id, json }) => ({ id, value: decode(collection, id, json) })),
  };
};
