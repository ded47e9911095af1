import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Address, Container, ExitInfo, OutputListener } from '../driver.js';
import { killGroup, signalGroup } from './process-group.js';
import type { MemoryWatch, Watched } from './process-memory.js';

/** How long the end of the output may lag behind the end of the process: something it started may hold the pipe open. */
const OUTPUT_GRACE = 250;

/** Memory of compilers, beyond what the action may use, in bytes: rustc takes some 300 MB a core. */
const COMPILERS = 2 * 1024 * 1024 * 1024;

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One proxy as a child process, leader of its own process group. */
export class ProcessContainer implements Container {
  readonly id: string;
  readonly exited: Promise<ExitInfo>;
  private readonly pid: number;
  private readonly watched: Watched;
  private outOfMemory = false;
  private removal: Promise<void> | undefined;
  private ended = false;
  private listening = false;

  constructor(
    private readonly child: Child,
    readonly address: Address,
    memory: MemoryWatch,
    /** MB. */
    limit: number,
    /** Whether its proxy compiles the user's code just now. */
    compiles: () => boolean,
    /** Removes the container's files; called once, after its end. */
    private readonly cleanUp: () => Promise<void>,
  ) {
    this.pid = child.pid as number;
    this.id = String(this.pid);
    this.watched = {
      pid: this.pid,
      limit: limit * 1024 * 1024,
      active: true,
      allowance: () => (compiles() ? COMPILERS : 0),
      onExceeded: () => {
        this.outOfMemory = true;
        killGroup(this.pid);
      },
    };
    memory.add(this.watched);
    this.exited = new Promise(resolve => {
      child.once('exit', code => {
        this.ended = true;
        memory.remove(this.pid);
        // What it started goes with it.
        killGroup(this.pid);
        const settle = (): void => resolve({ code, outOfMemory: this.outOfMemory });
        if (!this.listening) return settle();
        const grace = setTimeout(settle, OUTPUT_GRACE);
        child.once('close', () => {
          clearTimeout(grace);
          settle();
        });
      });
    });
  }

  async pause(): Promise<void> {
    if (this.ended) throw new Error(`process ${this.id} has ended`);
    this.watched.active = false;
    signalGroup(this.pid, 'SIGSTOP');
  }

  async resume(): Promise<void> {
    if (this.ended) throw new Error(`process ${this.id} has ended`);
    this.watched.active = true;
    signalGroup(this.pid, 'SIGCONT');
  }

  remove(): Promise<void> {
    this.removal ??= this.end();
    return this.removal;
  }

  /** The streams are not read before there is a listener; until then the pipes hold what was printed. */
  onOutput(listener: OutputListener): void {
    this.listening = true;
    this.child.stdout.on('data', (chunk: Buffer) => listener('stdout', chunk, Date.now()));
    this.child.stderr.on('data', (chunk: Buffer) => listener('stderr', chunk, Date.now()));
  }

  private async end(): Promise<void> {
    if (!this.ended) killGroup(this.pid);
    await this.exited;
    this.child.stdin.destroy();
    this.child.stdout.destroy();
    this.child.stderr.destroy();
    await this.cleanUp();
  }
}
