import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addressFile, findServer } from '../../src/store/address.js';
import { lockDirectory } from '../../src/store/lock.js';
import { open, testDir } from './fixtures.js';

const address = { url: 'http://127.0.0.1:4711', pid: 4711, id: 'x' };

it('a server is found while it holds the directory, and only then', async () => {
  using dir = testDir();
  expect(findServer(join(dir.path, 'nowhere'))).toBe('none');
  expect(findServer(dir.path)).toBe('none');
  const store = await open(dir.path);
  expect(findServer(dir.path)).toBe('silent');
  writeFileSync(addressFile(dir.path), JSON.stringify(address));
  expect(findServer(dir.path)).toEqual(address);
  // As one leaves it that is killed.
  await store.close();
  expect(findServer(dir.path)).toBe('none');
});

it('a file that is no address is none', () => {
  using dir = testDir();
  const lock = lockDirectory(dir.path);
  for (const text of ['', '{', '[]', '{"url":1}', '{"url":"http://127.0.0.1:1"}']) {
    writeFileSync(addressFile(dir.path), text);
    expect(findServer(dir.path)).toBe('silent');
  }
  rmSync(addressFile(dir.path));
  lock.release();
});

it('asking takes nothing from the server, nor from the next one', () => {
  using dir = testDir();
  const lock = lockDirectory(dir.path);
  expect(findServer(dir.path)).toBe('silent');
  expect(() => lockDirectory(dir.path)).toThrow(/is in use/);
  lock.release();
  expect(findServer(dir.path)).toBe('none');
  lockDirectory(dir.path).release();
});
