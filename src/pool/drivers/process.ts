import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { errorText } from '../../errors.js';
import { packageRoot } from '../../package-root.js';
import type { Address, Availability, Container, ContainerSpec, Driver } from '../driver.js';
import { type Child, ProcessContainer } from './process-container.js';
import { expandCommand } from './process-definition.js';
import { makePrivate, removeTree } from './process-folder.js';
import { endNoted, isNote, noteFile, writeNote } from './process-leftovers.js';
import { MemoryWatch } from './process-memory.js';
import { type Missing, type Tool, Toolbox } from './process-tools.js';

export interface ProcessDriverOptions {
  /**
   * Folder for sockets, temporary folders and notes of what runs. It belongs to this server instance alone, is made when
   * absent, and is the same at the instance's next start, which sweeps it.
   */
  readonly directory: string;
  /**
   * Folder of what compiled kinds have built, kept over starts and made when absent: the same code is not compiled again.
   * Nobody else may write to it. Without one there is a folder that goes when the driver is closed.
   */
  readonly cache?: string | undefined;
  /** The server's environment. A proxy gets the few variables named in `PASSED`, never the rest. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the languages; the package's own `runtimes/` when absent. */
  readonly runtimes?: string;
  /** Told of what could not be removed, and why. The sweep at the instance's next start tries again. */
  readonly onLeft?: (text: string) => void;
}

/** Without these many programs do not run; none of them is a secret. */
const PASSED = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'ComSpec', 'PATHEXT', 'NUMBER_OF_PROCESSORS'];
/** The shared proxy of compiled languages has this file in its TMPDIR while a compiler runs (runtimes/README.md). */
const COMPILING = 'compiling';
/** A unix socket's path must fit into 104 bytes on macOS, 108 on Linux, its end mark included. */
const LONGEST_SOCKET_PATH = 103;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const explain = ({ missing, remedy }: Missing): string => `${missing} ${remedy}`;

/**
 * Runs the proxies of `runtimes/` as child processes. It isolates nothing: the user's code has the rights of the server's
 * user. Each container is a process group with a temporary folder of its own; both go when it is removed. A proxy ends
 * when its standard input does, so those of a killed server die with it, the suspended ones at the next `sweep`.
 */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly canPause = process.platform !== 'win32';
  private readonly environment: Record<string, string>;
  private readonly tools: Toolbox;
  private readonly memory = new MemoryWatch();
  private readonly containers = new Map<string, Container>();
  private readonly making = new Set<Promise<Container>>();
  private readonly token = randomBytes(3).toString('hex');
  private count = 0;
  private closed = false;

  constructor(private readonly options: ProcessDriverOptions) {
    this.environment = Object.fromEntries(
      PASSED.flatMap(name => {
        const value = options.environment[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const runtimes = options.runtimes ?? join(packageRoot, 'runtimes');
    this.tools = new Toolbox(runtimes, this.environment);
  }

  /** The program that would run a kind, or why there is none. */
  tool(kind: string): Promise<Tool> {
    return this.tools.find(kind);
  }

  async available(kind: string): Promise<Availability> {
    const tool = await this.tools.find(kind);
    if ('missing' in tool) return { usable: false, reason: explain(tool) };
    return { usable: true, ...(tool.note !== undefined && { note: tool.note }) };
  }

  create(spec: ContainerSpec): Promise<Container> {
    const making = this.make(spec);
    this.making.add(making);
    const made = (): boolean => this.making.delete(making);
    making.then(made, made);
    return making;
  }

  private async make(spec: ContainerSpec): Promise<Container> {
    const tool = await this.tools.find(spec.kind);
    if ('missing' in tool) throw new Error(explain(tool));
    if (this.closed) throw new Error('the process driver is closed');
    const name = `${this.token}${++this.count}`;
    const folder = join(this.options.directory, name);
    await this.directory();
    const [address] = await Promise.all([this.address(name), mkdir(folder, { mode: 0o700 })]);
    try {
      return await this.start(spec, tool, name, folder, address);
    } catch (error) {
      this.tools.forget(spec.kind);
      await this.discard(folder);
      throw error;
    }
  }

  async sweep(): Promise<number> {
    const { directory } = this.options;
    await this.directory();
    const own = (entry: string): boolean => entry.startsWith(this.token);
    const entries = (await readdir(directory)).filter(entry => !own(entry));
    const notes = entries.filter(isNote);
    const ended = await Promise.all(notes.map(file => endNoted(join(directory, file))));
    await Promise.all(entries.map(entry => this.discard(join(directory, entry))));
    return ended.filter(Boolean).length;
  }

  async close(): Promise<void> {
    this.closed = true;
    // One that is being made now finds the driver closed and takes away what it has made.
    await Promise.allSettled(this.making);
    await Promise.all([...this.containers.values()].map(container => container.remove()));
    if (this.options.cache === undefined) await this.discard(this.cache);
    // Fails when something else is in it, and then it stays.
    await rmdir(this.options.directory).catch(() => {});
  }

  /** Never rejects: a file that stays must end neither the server nor its next start. */
  private async discard(path: string): Promise<void> {
    try {
      await removeTree(path);
    } catch (error) {
      this.options.onLeft?.(`${path} could not be removed: ${errorText(error)}`);
    }
  }

  private get cache(): string {
    return this.options.cache ?? join(this.options.directory, `${this.token}cache`);
  }

  /** Each time: whoever cleans up folders of temporary files may have taken it away. */
  private async directory(): Promise<void> {
    const { directory, cache } = this.options;
    await makePrivate(directory);
    if (cache !== undefined) await makePrivate(cache);
  }

  private async address(name: string): Promise<Address> {
    if (process.platform === 'win32') return { socketPath: `\\\\.\\pipe\\miniwhisk-${process.pid}-${name}` };
    const socketPath = join(this.options.directory, name, 's');
    if (Buffer.byteLength(socketPath) <= LONGEST_SOCKET_PATH) return { socketPath };
    return { host: '127.0.0.1', port: await freePort() };
  }

  private async start(
    spec: ContainerSpec,
    tool: Exclude<Tool, Missing>,
    name: string,
    folder: string,
    address: Address,
  ): Promise<Container> {
    const { program, args, env } = expandCommand(tool.definition, tool.prefix, tool.version, spec.memory);
    const child: Child = spawn(program, args, {
      cwd: folder,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...this.environment,
        ...env,
        HOME: folder,
        TMPDIR: folder,
        ...(process.platform === 'win32' && { TMP: folder, TEMP: folder, USERPROFILE: folder }),
        ...spec.env,
        MINIWHISK_PROXY_LISTEN: 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`,
        MINIWHISK_PROXY_PARENT: 'stdin',
        MINIWHISK_PROXY_CACHE: this.cache,
      },
    });
    child.on('error', () => {});
    // Without a file descriptor left there are no streams, whatever the type says, and the error comes a moment later.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const noted = writeNote(this.options.directory, name, child.pid as number).catch(() => {});
    const compiles = (): boolean => existsSync(join(folder, COMPILING));
    const container = new ProcessContainer(child, address, this.memory, spec.memory, compiles, async () => {
      await noted;
      await Promise.all([folder, noteFile(this.options.directory, name)].map(path => this.discard(path)));
      this.containers.delete(name);
    });
    this.containers.set(name, container);
    if (!this.closed) return container;
    await container.remove();
    throw new Error('the process driver is closed');
  }
}
