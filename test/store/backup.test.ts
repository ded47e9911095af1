import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { restore } from '../../src/store/backup.js';
import { action, activation, idOf, open, testDir } from './fixtures.js';

const guest = { namespace: 'guest' };
const NOW = 1_700_000_000_000;

it('a backup made under way holds what was put before, and can be restored', async () => {
  using dir = testDir();
  const data = join(dir.path, 'data');
  const file = join(dir.path, 'copy.db');
  const store = await open(data);
  for (let n = 0; n < 3000; n++) store.activations.put(activation(n, { logs: ['x'.repeat(1000)] }));
  await store.journal.accept([{ id: idOf(9000), payload: '{}' }]);
  store.entities.write([{ path: 'guest/a', rev: undefined, doc: action('guest/a', 1), code: 'code' }]);
  const shares: number[] = [];
  const done = store.backup(file, share => shares.push(share));
  for (let n = 3000; n < 3100; n++) store.activations.put(activation(n));
  await store.activations.flush();
  await done;
  expect(shares.length).toBeGreaterThan(1);
  expect(() => restore(data, file, NOW)).toThrow(UsageError);
  store.entities.write([{ path: 'guest/b', rev: undefined, doc: action('guest/b', 1) }]);
  await store.close();

  const before = readFileSync(file);
  const { previous } = restore(data, file, NOW);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(previous).toBe(join(data, 'miniwhisk.db.replaced-20231114T221320Z'));
  const again = await open(data);
  expect(again.activations.count(guest)).toBeGreaterThanOrEqual(3000);
  expect(again.entities.code('guest/a')).toBe('code');
  expect(again.entities.get('guest/b')).toBeUndefined();
  expect(again.journal.pending()).toMatchObject([{ id: idOf(9000), state: 'started' }]);
  await again.close();
});

it('a command makes a backup beside a server that writes', async () => {
  using dir = testDir();
  const data = join(dir.path, 'data');
  const server = await open(data);
  for (let n = 0; n < 2000; n++) server.activations.put(activation(n));
  await server.activations.flush();
  const command = await open(data, { exclusive: false });
  const done = command.backup(join(dir.path, 'copy.db'));
  for (let n = 2000; n < 2100; n++) {
    server.activations.put(activation(n));
    await server.activations.flush();
  }
  await done;
  await command.close();
  await server.close();
  restore(join(dir.path, 'other'), join(dir.path, 'copy.db'), NOW);
  const other = await open(join(dir.path, 'other'));
  expect(other.activations.count(guest)).toBeGreaterThanOrEqual(2000);
  await other.close();
});

it('a backup never overwrites, and says where it cannot be written', async () => {
  using dir = testDir();
  const store = await open(join(dir.path, 'data'));
  writeFileSync(join(dir.path, 'there'), 'mine');
  await expect(store.backup(join(dir.path, 'there'))).rejects.toThrow(UsageError);
  await expect(store.backup(join(dir.path, 'no', 'such', 'place'))).rejects.toThrow(UsageError);
  expect(readFileSync(join(dir.path, 'there'), 'utf8')).toBe('mine');
  await store.close();
});

it('restore refuses what is no whole backup and leaves everything as it was', async () => {
  using dir = testDir();
  const data = join(dir.path, 'data');
  const store = await open(data);
  for (let n = 0; n < 500; n++) store.activations.put(activation(n));
  const good = join(dir.path, 'good.db');
  await store.backup(good);
  await store.close();
  const bytes = readFileSync(good);
  const bad = join(dir.path, 'bad.db');
  const torn = Buffer.from(bytes);
  torn.fill(0xa5, 4096 * 20, 4096 * 22);
  for (const content of [Buffer.from('nothing like it'), Buffer.alloc(0), torn, bytes.subarray(0, bytes.length / 2)]) {
    writeFileSync(bad, content);
    expect(() => restore(data, bad, NOW)).toThrow(UsageError);
  }
  expect(() => restore(data, join(dir.path, 'absent'), NOW)).toThrow(UsageError);
  const again = await open(data);
  expect(again.activations.count(guest)).toBe(500);
  await again.close();
});
