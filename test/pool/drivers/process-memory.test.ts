import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryWatch, type Watched } from '../../../src/pool/drivers/process-memory.js';

const started: { pid: number; kill: (signal: 'SIGKILL') => boolean }[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe.skipIf(process.platform === 'win32')('MemoryWatch', () => {
  it('lets a group use more while it is allowed to, and no longer', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log("up")'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    started.push(child as never);
    await once(child.stdout, 'data');
    const watch = new MemoryWatch();
    let allowed = 1e12;
    let asked = 0;
    const exceeded = new Promise<void>(resolve => {
      const watched: Watched = {
        pid: child.pid as number,
        limit: 1,
        active: true,
        allowance: () => {
          asked++;
          return allowed;
        },
        onExceeded: () => {
          expect(allowed).toBe(0);
          resolve();
        },
      };
      watch.add(watched);
    });
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(1);
    allowed = 0;
    await exceeded;
    watch.remove(child.pid as number);
  });
});
