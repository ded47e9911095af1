import type Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ActivationIndex, type Place, type Scope } from '../../src/store/activation-index.js';
import { openSqlite } from '../../src/store/binding.js';
import { Changes } from '../../src/store/changes.js';
import { migrate } from '../../src/store/migrate.js';
import { FakeClock } from '../support/fake-clock.js';

let db: Sqlite.Database;
beforeEach(() => {
  db = openSqlite(':memory:');
  migrate(db, 0);
});
afterEach(() => db.close());

type Key = readonly [start: number, seq: number];
const byKey = (a: Key, b: Key): number => a[0] - b[0] || a[1] - b[1];

/** Stores rows with these starts, from `seq` on, and puts them into the list. */
const put = (index: ActivationIndex, starts: readonly number[], seq: number): void => {
  const scope = index.findOrCreate('guest');
  const insert = db.prepare(
    `INSERT INTO activation (seq, id, namespace, named, bytes, name, version, subject, start, status, annotations, logs)
     VALUES (?, ?, ?, ?, 0, '', '', '', ?, 0, '[]', '[]')`,
  );
  const other = index.findOrCreate('guest/name');
  const places: Place[] = starts.map((start, i) => {
    insert.run(seq + i, Buffer.from(String(seq + i)), scope.id, other.id, start);
    return { scopes: [scope, other], start, seq: seq + i };
  });
  index.add(places);
};

const pageAt = (db: Sqlite.Database) => {
  const rows = db
    .prepare(
      `SELECT start, seq FROM activation_index WHERE scope = ? AND (start, seq) < (?, ?)
       ORDER BY start DESC, seq DESC LIMIT 3 OFFSET ?`,
    )
    .raw();
  return (index: ActivationIndex, scope: Scope, newer: number): Key[] => {
    const { start, seq, offset } = index.position(scope, newer);
    expect(offset).toBeLessThanOrEqual(256);
    return rows.all(scope.id, start, seq, offset) as Key[];
  };
};

const phase = fc.record({
  add: fc.integer({ min: 0, max: 900 }),
  remove: fc.integer({ min: 0, max: 700 }),
  from: fc.constantFrom('oldest', 'newest', 'anywhere'),
  order: fc.constantFrom('forward', 'backward', 'random', 'equal'),
  /** Rows in a transaction. */
  batch: fc.constantFrom(1, 7, 1000),
  reload: fc.boolean(),
});

it('counts and finds places as a sorted array does, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 5 }), fc.integer(), (phases, seed) => {
      const index = new ActivationIndex(db, new Changes(db, new FakeClock()));
      db.exec('DELETE FROM activation; DELETE FROM activation_index; DELETE FROM activation_run; DELETE FROM scope');
      let state = seed >>> 0;
      const random = (n: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
      };
      const keys: Key[] = [];
      let seq = 0;
      for (const { add, remove, from, order, batch, reload } of phases) {
        for (let left = add; left > 0; left -= batch) {
          const first = seq + 1;
          const starts = Array.from({ length: Math.min(left, batch) }, () => {
            const start = { forward: 1000 + seq, backward: 1000 - seq, random: random(300) + 900, equal: 1000 }[order];
            keys.push([start, ++seq]);
            return start;
          });
          put(index, starts, first);
        }
        keys.sort(byKey);
        for (let i = 0; i < remove && keys.length > 0; i++) {
          const at = { oldest: 0, newest: keys.length - 1, anywhere: random(keys.length) }[from];
          const [[start, which]] = keys.splice(at, 1) as [Key];
          for (const path of ['guest', 'guest/name']) index.remove(index.find(path) as Scope, start, which);
        }
        index.save();
        if (reload) index.forget();
        const scope = index.find('guest');
        expect(scope?.runs.total ?? 0).toBe(keys.length);
        if (!scope) continue;
        for (let i = 0; i < 6; i++) {
          const bound = [random(1800), 1000, 1001, (keys[random(keys.length)] as Key)[0]][random(4)] as number;
          expect(index.below(scope, bound)).toBe(keys.filter(([start]) => start < bound).length);
          const newer = random(keys.length);
          const expected = keys.toReversed().slice(newer, newer + 3);
          expect(pageAt(db)(index, scope, newer)).toEqual(expected);
        }
      }
    }),
    { numRuns: 25 },
  );
});

it('keeps runs small and few when rows come in order', () => {
  const index = new ActivationIndex(db, new Changes(db, new FakeClock()));
  for (let i = 1; i <= 10_000; i += 100) {
    put(
      index,
      Array.from({ length: 100 }, (_, n) => i + n),
      i,
    );
  }
  expect(index.find('guest')?.runs.length).toBe(Math.ceil(10_000 / 256));
});

it('leaves nothing of a scope that is empty', () => {
  const index = new ActivationIndex(db, new Changes(db, new FakeClock()));
  put(index, [1], 1);
  index.save();
  for (const path of ['guest', 'guest/name']) index.remove(index.find(path) as Scope, 1, 1);
  index.save();
  expect(index.find('guest')).toBeUndefined();
  expect(db.prepare('SELECT * FROM activation_run').all()).toEqual([]);
});
