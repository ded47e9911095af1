import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A program of the cluster's, its output in a file. */
export class Daemon {
  private readonly child: ChildProcess;
  private readonly exit: Promise<void>;

  constructor(
    readonly name: string,
    file: string,
    args: readonly string[],
    private readonly log: string,
    env: Record<string, string> = {},
  ) {
    const { PATH = '' } = process.env;
    this.child = spawn(file, args, {
      env: { PATH: `${PATH}:/usr/sbin:/sbin`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = createWriteStream(log);
    this.child.stdout?.pipe(out);
    this.child.stderr?.pipe(out);
    this.exit = new Promise(resolve => {
      this.child.once('exit', () => resolve());
      this.child.once('error', () => resolve());
    });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** The last lines of what it said. */
  said(lines = 15): string {
    try {
      return `${this.name}:\n${readFileSync(this.log, 'utf8').split('\n').slice(-lines).join('\n')}`;
    } catch {
      return this.name;
    }
  }

  /** Ends it, by SIGKILL when it takes longer than 5 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.running) this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await this.exit;
    clearTimeout(late);
  }
}

const processes = (): { readonly pid: number; readonly parent: number; readonly words: string[] }[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const words = readFileSync(join('/proc', name, 'cmdline'), 'utf8').split('\0');
        const stat = readFileSync(join('/proc', name, 'stat'), 'utf8');
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]), words }];
      } catch {
        return [];
      }
    });

/** The shims of the containerd at this socket, each with the processes it looks after. */
export const shimsOf = (socket: string): { readonly pid: number; readonly children: number[] }[] => {
  const all = processes();
  return all
    .filter(({ words }) => words[0]?.includes('containerd-shim') && words.includes(socket))
    .map(({ pid }) => ({ pid, children: all.filter(one => one.parent === pid).map(one => one.pid) }));
};

const networkOf = (pid: number): number | undefined => {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined;
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
};

/** Ends every container of the containerd at this socket as a power cut would, and what would be left of it. */
export const cutPower = (socket: string): void => {
  const shims = shimsOf(socket);
  const networks = new Set(shims.flatMap(({ children }) => children.map(networkOf)));
  for (const { pid, children } of shims) for (const one of [...children, pid]) kill(one);
  const folder = '/run/netns';
  for (const name of networks.size > 0 ? readdirSync(folder) : []) {
    // The node's own agent may take one away meanwhile.
    const inode = statSync(join(folder, name), { throwIfNoEntry: false })?.ino;
    if (!name.startsWith('cni-') || inode === undefined || !networks.has(inode)) continue;
    spawnSync('umount', ['-l', join(folder, name)]);
    rmSync(join(folder, name), { force: true });
  }
};

/** Unmounts whatever is mounted below the folder, and removes it. */
export const clear = (folder: string): void => {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(path => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) spawnSync('umount', ['-l', path]);
  rmSync(folder, { recursive: true, force: true });
};
