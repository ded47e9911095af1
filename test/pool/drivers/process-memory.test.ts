import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryWatch, type Watched } from '../../../src/pool/drivers/process-memory.js';

const MB = 1024 * 1024;
/** Leaders of groups. */
const started: { pid: number }[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) process.kill(-pid, 'SIGKILL');
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

  /** A process of Python's that has used `megabytes` in the way of `statement`, watched with a limit of half of them. */
  const watchPython = async (statement: string, megabytes: number) => {
    const child = spawn(
      'python3',
      ['-c', `import mmap, sys, time\n${statement}\nprint("up", flush=True)\ntime.sleep(1e6)`],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    started.push(child as never);
    await once(child.stdout, 'data');
    const watch = new MemoryWatch();
    const pid = child.pid as number;
    let rounds = 0;
    let exceeded = 0;
    const watched: Watched = {
      pid,
      limit: (megabytes / 2) * MB,
      active: true,
      allowance: () => 0,
      onExceeded: () => exceeded++,
    };
    watch.add(watched);
    const used = vi.spyOn(watch, 'used').mockImplementation(function (this: MemoryWatch, of) {
      rounds++;
      return MemoryWatch.prototype.used.call(this, of);
    });
    await expect.poll(() => rounds, { timeout: 10_000 }).toBeGreaterThan(2);
    const resident = watch.used(pid);
    used.mockRestore();
    watch.remove(pid);
    return { exceeded: exceeded > 0, resident };
  };

  it.skipIf(process.platform !== 'linux')(
    'does not count pages of files, which the kernel drops before it kills',
    async () => {
      // A large file that is surely on a disk: what is in /tmp may itself be memory.
      const megabytes = Math.floor(statSync(process.execPath).size / MB);
      const { exceeded, resident } = await watchPython(
        `f = open(${JSON.stringify(process.execPath)})
m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
sum(m[i] for i in range(0, len(m), 4096))`,
        megabytes,
      );
      expect(resident).toBeGreaterThan(megabytes * MB);
      expect(exceeded).toBe(false);
    },
  );

  it.skipIf(process.platform !== 'linux')('counts what other members of the group hold, files left out', async () => {
    const forked = (work: string) => `import os\nif os.fork() > 0: time.sleep(1e6)\n${work}`;
    const own = await watchPython(forked('m = b"x" * (120 << 20)'), 120);
    expect(own.exceeded).toBe(true);
    const file = `f = open(${JSON.stringify(process.execPath)})\nm = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)`;
    const megabytes = Math.floor(statSync(process.execPath).size / MB);
    const mapped = await watchPython(forked(`${file}\nsum(m[i] for i in range(0, len(m), 4096))`), megabytes);
    expect(mapped.resident).toBeGreaterThan(megabytes * MB);
    expect(mapped.exceeded).toBe(false);
  });

  it('counts memory that is shared, but no file', async () => {
    const { exceeded } = await watchPython(
      'm = mmap.mmap(-1, 120 << 20)\nfor i in range(0, len(m), 4096): m[i] = 1',
      120,
    );
    expect(exceeded).toBe(true);
  });
});
