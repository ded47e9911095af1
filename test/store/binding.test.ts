import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openSqlite } from '../../src/store/binding.js';

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

test('nothing that the binding made is ever collected: with some headers of Node.js 24 that ends the process', async () => {
  const make = (): WeakRef<object>[] => {
    const db = openSqlite(':memory:');
    const made = [new WeakRef(db), new WeakRef(db.prepare('SELECT 1'))];
    db.close();
    return made;
  };
  const made = make();
  const other = new WeakRef({});
  // A WeakRef holds its target until the end of the turn in which it was made.
  await new Promise(resolve => setImmediate(resolve));
  collectGarbage();
  expect(other.deref()).toBeUndefined();
  for (const ref of made) expect(ref.deref()).toBeDefined();
});

test('a pragma is set, read as rows and as a value', () => {
  const db = openSqlite(':memory:');
  expect(db.pragma('user_version = 3')).toEqual([]);
  expect(db.pragma('user_version')).toEqual([{ user_version: 3 }]);
  expect(db.pragma('user_version', { simple: true })).toBe(3);
  expect(() => db.pragma('no such thing')).toThrow('syntax error');
  db.close();
});
