import type Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../src/log.js';
import { SqliteActivations } from '../../src/store/activations.js';
import { Batches } from '../../src/store/batches.js';
import { openSqlite } from '../../src/store/binding.js';
import { Changes } from '../../src/store/changes.js';
import { SqliteJournal } from '../../src/store/journal.js';
import { noMarks } from '../../src/store/marks.js';
import { migrate } from '../../src/store/migrate.js';
import { StoreUnavailable } from '../../src/store/store.js';
import { FakeClock } from '../support/fake-clock.js';
import { activation, idOf } from './fixtures.js';

const guest = { namespace: 'guest' };
let db: Sqlite.Database;
let clock: FakeClock;
let batches: Batches;
let activations: SqliteActivations;

beforeEach(() => {
  db = openSqlite(':memory:');
  migrate(db, 0);
  clock = new FakeClock();
  const changes = new Changes(db, clock);
  batches = new Batches(db, changes, clock, silentLogger());
  activations = new SqliteActivations(db, changes, batches, silentLogger(), () => {});
  batches.join([activations.writer]);
});
afterEach(() => {
  batches.close();
  db.close();
});

it('a batch that runs out of space half way leaves counts and lists as they were', async () => {
  for (let n = 0; n < 50; n++) activations.put(activation(n));
  await activations.flush();
  // SQLite itself then answers SQLITE_FULL, some rows into the batch.
  const pages = db.pragma('page_count', { simple: true }) as number;
  db.pragma(`max_page_count = ${pages + 30}`);
  for (let n = 50; n < 1000; n++) activations.put(activation(n));
  await expect(activations.flush()).rejects.toThrow(StoreUnavailable);
  expect(batches.healthy).toBe(false);
  expect(activations.count(guest)).toBe(1000);
  db.pragma('max_page_count = 1000000');
  await activations.flush();
  expect(batches.healthy).toBe(true);
  expect(activations.count(guest)).toBe(1000);
  expect(activations.count({ ...guest, upto: 1_700_000_000_499 })).toBe(500);
  const listed = activations.list(guest, { skip: 0, limit: 2000 });
  expect(listed).toEqual(Array.from({ length: 1000 }, (_, i) => activation(999 - i)));
  const runs = db.prepare('SELECT scope, sum(n) AS n FROM activation_run GROUP BY scope').all();
  expect(runs).toEqual(db.prepare('SELECT scope, count(*) AS n FROM activation_index GROUP BY scope').all());
});

it('tries again ever less often, and not at all once closed', () => {
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
  // One row that needs pages: how many small ones fit into the time of a transaction depends on the machine.
  activations.put({ ...activation(0), result: JSON.stringify('x'.repeat(100_000)) });
  clock.advance(5);
  expect(batches.healthy).toBe(false);
  expect(clock.pending).toBe(1);
  db.pragma('max_page_count = 1000000');
  clock.advance(99);
  expect(batches.healthy).toBe(false);
  clock.advance(1);
  expect(batches.healthy).toBe(true);
  batches.close();
  activations.put(activation(5000));
  expect(clock.pending).toBe(0);
});

it('writes within 5 ms of the first put', () => {
  activations.put(activation(1));
  clock.advance(4);
  activations.put(activation(2));
  expect(batches.size).toBe(2);
  clock.advance(1);
  expect(batches.size).toBe(0);
});

it('finds out by itself that the file can be written again', async () => {
  const journal = new SqliteJournal(db, batches, clock, noMarks);
  batches.join([journal, activations.writer]);
  const pages = db.pragma('page_count', { simple: true });
  db.pragma(`max_page_count = ${pages}`);
  const payload = Buffer.alloc(100_000);
  await expect(journal.accept([{ id: idOf(1), payload }])).rejects.toThrow(StoreUnavailable);
  expect(batches).toMatchObject({ healthy: false, size: 0 });
  db.pragma('max_page_count = 1000000');
  clock.advance(100);
  expect(batches.healthy).toBe(true);
  await journal.accept([{ id: idOf(1), payload }]);
  expect(journal.pending()).toHaveLength(1);
});
