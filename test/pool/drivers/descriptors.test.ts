import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../../src/package-root.js';
import { ProcessDriver } from '../../../src/pool/drivers/process.js';
import { MemoryWatch } from '../../../src/pool/drivers/process-memory.js';
import { Toolbox } from '../../../src/pool/drivers/process-tools.js';

/** While it runs, this process has no file descriptor left. */
const exhausted = async <T>(task: () => T | Promise<T>): Promise<T> => {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMFILE' });
  }
  try {
    return await task();
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
};

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
};

describe.skipIf(process.platform !== 'linux')('without a file descriptor left', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fd-'));
    // Where the limit is a million or more they would take long to use up. It holds for this file's process only.
    spawnSync('prlimit', ['--pid', String(process.pid), '--nofile=1024:']);
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  it('no container is made, nothing stays of it, and the next one is made', async () => {
    const driver = new ProcessDriver({ directory: join(folder, 'run'), environment: process.env });
    const spec = { name: 'x', kind: 'nodejs:20', image: '', memory: 128, env: {}, labels: {}, cpuShares: 2 };
    try {
      expect(await driver.available(spec.kind)).toMatchObject({ usable: true });
      await exhausted(() => expect(driver.create(spec)).rejects.toThrow(/EMFILE/));
      await driver.sweep();
      const container = await driver.create(spec);
      await container.remove();
      expect(readdirSync(join(folder, 'run'))).toEqual([]);
    } finally {
      await driver.close();
    }
  });

  it('memory is measured in a later round', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const watch = new MemoryWatch();
    let exceeded = 0;
    const watched = { pid: process.pid, limit: 1, active: true, allowance: () => 0, onExceeded: () => exceeded++ };
    await exhausted(async () => {
      watch.add(watched);
      vi.advanceTimersByTime(250);
      await turns();
    });
    expect(exceeded).toBe(0);
    vi.advanceTimersByTime(250);
    await expect.poll(() => exceeded).toBe(1);
    watch.remove(process.pid);
  });

  it('what runs a kind is looked up again', async () => {
    const tools = new Toolbox(join(packageRoot, 'runtimes'), { PATH: '' });
    await exhausted(() => expect(tools.find('nodejs:20')).rejects.toThrow(/EMFILE/));
    expect(await tools.find('nodejs:20')).toMatchObject({ prefix: [process.execPath] });
  });
});
