import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { openSqlite } from '../../src/store/binding.js';
import { first } from '../../src/store/migrations/001-first.js';
import { action, activation, idOf, open, testDir } from './fixtures.js';

const FILE = 'miniwhisk.db';

const filled = async (dir: string): Promise<string> => {
  const store = await open(dir);
  for (let n = 0; n < 300; n++) store.activations.put(activation(n));
  for (let n = 0; n < 100; n++) {
    const path = `guest/a${n}`;
    store.entities.write([{ path, rev: undefined, doc: action(path, n), code: 'x'.repeat(5000) }]);
  }
  await store.close();
  return join(dir, FILE);
};

const refusal = async (dir: string): Promise<string> => {
  const error: unknown = await open(dir).then(
    store => store.close(),
    e => e,
  );
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError;
  expect(message).not.toContain('\n');
  return message;
};

const damages: Record<string, (file: string) => void> = {
  'no database at all': file => writeFileSync(file, 'this was overwritten '.repeat(1000)),
  'a torn page': file => {
    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, 4096 * 12);
    closeSync(fd);
  },
  'half of it missing': file => truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096),
};

for (const [name, damage] of Object.entries(damages)) {
  it(`a damaged file is refused and left as it is: ${name}`, async () => {
    using dir = testDir();
    const file = await filled(dir.path);
    damage(file);
    const before = readFileSync(file);
    const message = await refusal(dir.path);
    expect(message).toContain(file);
    expect(message).toMatch(/is damaged .*miniwhisk restore.*--clean.*damaged-<time>/);
    expect(readFileSync(file).equals(before)).toBe(true);

    const store = await open(dir.path, { clean: true });
    expect(store.activations.count({ namespace: 'guest' })).toBe(0);
    await store.close();
    const aside = readdirSync(dir.path).find(entry => entry === `${FILE}.damaged-20231114T221320Z`);
    expect(readFileSync(join(dir.path, aside as string)).equals(before)).toBe(true);
  });
}

it('clean removes a sound database', async () => {
  using dir = testDir();
  await filled(dir.path);
  const store = await open(dir.path, { clean: true });
  expect(store.entities.get('guest/a1')).toBeUndefined();
  expect(readdirSync(dir.path).filter(entry => entry.includes('damaged'))).toEqual([]);
  await store.close();
});

it('a newer database is refused, naming both schemas', async () => {
  using dir = testDir();
  const file = await filled(dir.path);
  const db = openSqlite(file);
  const ours = db.pragma('user_version', { simple: true });
  db.pragma('user_version = 99');
  db.close();
  const message = await refusal(dir.path);
  expect(message).toContain(`${file} has schema 99`);
  expect(message).toContain(`up to ${ours}`);
});

it('a file of an earlier schema is brought up to this one, and what it holds goes on', async () => {
  using dir = testDir();
  const file = await filled(dir.path);
  const now = openSqlite(file);
  const ours = now.pragma('user_version', { simple: true });
  const application = now.pragma('application_id', { simple: true });
  now.close();
  rmSync(file);
  const old = openSqlite(file);
  first(old);
  old.pragma(`application_id = ${application}`);
  old.pragma('user_version = 1');
  old.prepare('INSERT INTO journal VALUES (7, ?, 1, 1, ?)').run(Buffer.from(idOf(1), 'hex'), '{"n":1}');
  old.close();
  const store = await open(dir.path);
  expect(store.journal.pending()).toEqual([{ id: idOf(1), accepted: 1, state: 'started' }]);
  expect(store.journal.payload(idOf(1))).toBe('{"n":1}');
  await store.close();
  const after = openSqlite(file);
  expect(after.pragma('user_version', { simple: true })).toBe(ours);
  after.close();
});

it("another program's database is refused", async () => {
  using dir = testDir();
  const db = openSqlite(join(dir.path, FILE));
  db.exec('CREATE TABLE other (x)');
  db.close();
  expect(await refusal(dir.path)).toContain('is the database of another program');
});

it('a directory that cannot be made or used is refused', async () => {
  using dir = testDir();
  writeFileSync(join(dir.path, 'file'), '');
  expect(await refusal(join(dir.path, 'file', 'data'))).toContain(join(dir.path, 'file', 'data'));
  mkdirSync(join(dir.path, 'data', FILE), { recursive: true });
  expect(await refusal(join(dir.path, 'data'))).toContain(join(dir.path, 'data'));
});

it.skipIf(process.platform === 'win32')('only its owner can read what is stored', async () => {
  using dir = testDir();
  const data = join(dir.path, 'data');
  await filled(data);
  expect(statSync(data).mode & 0o777).toBe(0o700);
  expect(statSync(join(data, FILE)).mode & 0o777).toBe(0o600);
});
