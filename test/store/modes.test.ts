import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { restore } from '../../src/store/backup.js';
import { databaseFile } from '../../src/store/database.js';
import { activation, open, testDir } from './fixtures.js';

const onUnix = it.skipIf(process.platform === 'win32');

let umask: number;
beforeAll(() => {
  umask = process.umask(0o022);
});
afterAll(() => process.umask(umask));

/** Files that others may read, or worse. */
const shared = (dir: string): string[] =>
  readdirSync(dir).filter(name => {
    const stat = statSync(join(dir, name));
    return stat.isFile() && (stat.mode & 0o077) !== 0;
  });

onUnix('what the store writes is its owner’s alone, in a directory that is not', async () => {
  using dir = testDir();
  const data = join(dir.path, 'data');
  mkdirSync(data, { mode: 0o755 });
  chmodSync(data, 0o755);
  const store = await open(data);
  store.activations.put(activation(1));
  await store.activations.flush();
  expect(existsSync(`${databaseFile(data)}-wal`)).toBe(true);
  expect(shared(data)).toEqual([]);

  const copy = join(dir.path, 'copy.db');
  const atStart: string[][] = [];
  await store.backup(copy, () => atStart.push(shared(dir.path)));
  expect([...atStart.flat(), ...shared(dir.path)]).toEqual([]);
  await store.close();

  chmodSync(copy, 0o644);
  restore(data, copy, 1_700_000_000_000);
  expect(shared(data)).toEqual([]);
});

onUnix('files that an older version left open to others are closed to them', async () => {
  using dir = testDir();
  const before = await open(dir.path);
  before.activations.put(activation(1));
  await before.activations.flush();
  for (const name of readdirSync(dir.path)) chmodSync(join(dir.path, name), 0o644);
  const after = await open(dir.path, { exclusive: false });
  expect(shared(dir.path).filter(name => name.startsWith('miniwhisk.db'))).toEqual([]);
  await after.close();
  await before.close();
});
