import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessDriver } from '../../../src/pool/drivers/process.js';
import { removeTree } from '../../../src/pool/drivers/process-folder.js';

const NOBODY = 65534;
const root = process.getuid?.() === 0;

/** Permissions do not hold root back, so what they do is seen as somebody else. */
const unprivileged = async <T>(task: () => Promise<T>): Promise<T> => {
  if (!root) return task();
  const getuid = vi.spyOn(process, 'getuid').mockReturnValue(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await task();
  } finally {
    process.seteuid?.(0);
    getuid.mockRestore();
  }
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('removeTree', () => {
  it('removes folders that their owner may not change, and touches nothing behind a link', async () => {
    if (root) chownSync(folder, NOBODY, NOBODY);
    const outside = join(folder, 'outside');
    const tree = join(folder, 'tree');
    await unprivileged(async () => {
      mkdirSync(outside, { mode: 0o500 });
      mkdirSync(join(tree, 'a', 'b', 'c'), { recursive: true });
      mkdirSync(join(tree, 'hidden'));
      for (const path of ['a/f', 'a/b/f', 'a/b/c/f', 'hidden/f']) writeFileSync(join(tree, path), 'x');
      symlinkSync(outside, join(tree, 'a', 'link'));
      for (const path of ['a/b/c', 'a/b', 'a', '.']) chmodSync(join(tree, path), 0o555);
      chmodSync(join(tree, 'hidden'), 0o000);
      await removeTree(tree);
    });
    expect(readdirSync(folder)).toEqual(['outside']);
    expect(statSync(outside).mode & 0o777).toBe(0o500);
  });
});

describe.runIf(root)('process driver that may not remove a file', () => {
  it('tells of it, and goes on, when a container is removed and at the next start', async () => {
    const told: string[] = [];
    const directory = join(folder, 'run');
    const open = (): ProcessDriver =>
      new ProcessDriver({ directory, environment: process.env, onLeft: text => told.push(text) });
    const driver = open();
    const spec = { name: 'x', kind: 'nodejs:20', image: '', memory: 128, env: {}, labels: {}, cpuShares: 2 };
    const container = await driver.create(spec);
    const [name = ''] = readdirSync(directory).filter(file => !file.endsWith('.json'));
    const left = join(directory, name);
    writeFileSync(join(left, 'file'), 'x');
    await unprivileged(() => container.remove());
    expect(told).toContainEqual(expect.stringMatching(new RegExp(`^${left} could not be removed: EACCES`)));
    await driver.close();

    told.length = 0;
    chmodSync(folder, 0o755);
    chownSync(directory, NOBODY, NOBODY);
    expect(await unprivileged(() => open().sweep())).toBe(0);
    expect(told).toEqual([expect.stringMatching(new RegExp(`^${left} could not be removed: EACCES`))]);
    expect(readdirSync(directory)).toEqual([name]);
  });
});
