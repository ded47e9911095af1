import type Sqlite from 'better-sqlite3';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqlite } from '../../src/store/binding.js';
import { CorruptDocument, type Store, StoreUnavailable } from '../../src/store/store.js';
import { FakeClock } from '../support/fake-clock.js';
import { action, activation, idOf, open, type TestDir, testDir } from './fixtures.js';

let dir: TestDir;
let clock: FakeClock;
let store: Store;
let other: Sqlite.Database;
let said: { level: number; msg: string }[];

beforeEach(async () => {
  dir = testDir();
  clock = new FakeClock();
  said = [];
  const log = pino({ level: 'info' }, { write: line => void said.push(JSON.parse(line)) });
  store = await open(dir.path, { clock, log });
  other = openSqlite(`${dir.path}/miniwhisk.db`);
});
afterEach(async () => {
  other.close();
  await store.close();
  dir[Symbol.dispose]();
});

const page = { skip: 0, limit: 10 };
const guest = { namespace: 'guest' };
const write = (path: string) =>
  store.entities.write([{ path, rev: undefined, doc: action(path, 1), code: 'function main() {}' }]);

it('keeps activations while another program holds the file, and writes them after', async () => {
  store.activations.put(activation(1));
  await store.activations.flush();
  other.exec('BEGIN IMMEDIATE');
  for (let n = 2; n <= 5; n++) store.activations.put(activation(n));
  await expect(store.activations.flush()).rejects.toThrow(StoreUnavailable);
  clock.advance(100);
  expect(store.health()).toEqual({ writable: false, waiting: 4 });
  expect(store.activations.get('guest', idOf(4))).toEqual(activation(4));
  expect(store.activations.list(guest, page)).toEqual([5, 4, 3, 2, 1].map(n => activation(n)));
  expect(store.activations.count(guest)).toBe(5);
  expect(said.map(({ level }) => level)).toEqual([50]);

  other.exec('COMMIT');
  clock.advance(5000);
  expect(store.health()).toEqual({ writable: true, waiting: 0 });
  expect(said.map(({ level }) => level)).toEqual([50, 30]);
  expect(other.prepare('SELECT count(*) FROM activation').pluck().get()).toBe(5);
  expect(store.activations.list(guest, page)).toEqual([5, 4, 3, 2, 1].map(n => activation(n)));
});

it('accepts nothing it cannot keep, and accepts again as soon as it can', async () => {
  await store.journal.accept([{ id: idOf(1), payload: '1' }]);
  store.activations.put(activation(1));
  other.exec('BEGIN IMMEDIATE');
  await expect(store.journal.accept([{ id: idOf(2), payload: '2' }])).rejects.toThrow(StoreUnavailable);
  expect(store.journal.pending().map(({ id }) => id)).toEqual([idOf(1)]);
  other.exec('COMMIT');
  await store.journal.accept([{ id: idOf(2), payload: '2' }]);
  clock.advance(5000);
  expect(store.journal.pending().map(({ id }) => id)).toEqual([idOf(2)]);
  expect(store.health()).toEqual({ writable: true, waiting: 0 });
});

it('says so at once when an entity, a subject, a document cannot be written', () => {
  other.exec('BEGIN IMMEDIATE');
  expect(() => write('guest/a')).toThrow(StoreUnavailable);
  expect(() => store.subjects.put({ subject: 'annaa', namespaces: [] })).toThrow(StoreUnavailable);
  expect(() => store.subjects.putLimits('guest', {})).toThrow(StoreUnavailable);
  expect(() => store.documents.put('a', 'b', 1)).toThrow(StoreUnavailable);
  other.exec('COMMIT');
  write('guest/a');
  expect(store.entities.get('guest/a')).toBeDefined();
});

it('loses nothing when a batch fails in the middle', async () => {
  other.exec(
    `CREATE TRIGGER nope BEFORE INSERT ON activation WHEN NEW.name = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`,
  );
  for (let n = 1; n <= 3; n++) store.activations.put(activation(n, n === 2 ? { name: 'bad' } : {}));
  await store.activations.flush();
  expect(store.activations.list(guest, page)).toEqual([3, 1].map(n => activation(n)));
  expect(said.map(({ msg }) => msg)).toEqual(['An activation cannot be stored; it is given up.']);
});

it('names the document that cannot be decoded', async () => {
  write('guest/a');
  store.activations.put(activation(1));
  await store.activations.flush();
  other.exec(
    `UPDATE entity SET doc = '{'; UPDATE activation SET annotations = ']'; INSERT INTO document VALUES ('a', 'b', '')`,
  );
  clock.advance(100);
  expect(() => store.entities.get('guest/a')).toThrow(CorruptDocument);
  expect(() => store.entities.get('guest/a')).toThrow(/guest\/a/);
  expect(() => store.activations.get('guest', idOf(1))).toThrow(CorruptDocument);
  expect(() => store.activations.summaries(guest, page)).toThrow(CorruptDocument);
  expect(() => store.documents.get('a', 'b')).toThrow(CorruptDocument);
});
