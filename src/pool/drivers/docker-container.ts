import type { Duplex } from 'node:stream';
import { errorText } from '../../errors.js';
import { type Address, type Container, type ExitInfo, NotResumedError, type OutputListener } from '../driver.js';
import { type Engine, statusOf } from './docker-engine.js';
import { FrameReader } from './docker-output.js';
import { delay, removePersistently } from './removal.js';

/** How long the last output may lag behind the news of the container's end, and the other way round. In ms. */
const OUTPUT_GRACE = 250;
const NEWS_GRACE = 250;
/** SIGKILL's exit code: with it the kernel's memory killer may have been at work. */
const KILLED = 137;
/** When it is asked whether that was so, each in ms after the last time. */
const OOM_NEWS = [0, 20, 80];
const LONGEST_WAIT = 30_000;

/** Runs a call whose goal may be reached already: the engine then refuses with a text that `reached` knows. */
const towards = async (call: Promise<void>, reached: RegExp): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (!reached.test(String((error as Error).message))) throw error;
  }
};

/** One container of a Docker engine. The driver tells it what the engine's events say. */
export class DockerContainer implements Container {
  readonly exited: Promise<ExitInfo>;
  /** It runs again after half to two thirds of the time that the engine takes to say so. */
  readonly resumesSlowly = true;
  address: Address = { host: '127.0.0.1', port: 0 };
  private settle: (info: ExitInfo) => void = () => {};
  private handedOver: () => void = () => {};
  private readonly handover: Promise<void>;
  private outOfMemory = false;
  private ended = false;
  private outputEnded = false;
  private listening = false;
  private removal: Promise<void> | undefined;

  constructor(
    readonly id: string,
    private readonly engine: Engine,
    private readonly output: Duplex,
    private readonly hooks: {
      readonly removed: () => void;
      /** False once the driver is closing: then a removal that fails is not tried again. */
      readonly persist: () => boolean;
    },
  ) {
    this.exited = new Promise(resolve => {
      this.settle = resolve;
    });
    this.handover = new Promise(resolve => {
      this.handedOver = resolve;
    });
    output.on('error', () => {});
    output.once('close', () => {
      this.outputEnded = true;
      if (!this.ended) void this.outputLost();
    });
  }

  /**
   * Call it when it is about to be given to whoever asked for it, who listens at once or not before a first job: the news
   * that it ended meanwhile waits for that, or its output would come after it.
   */
  handOver(): void {
    setImmediate(this.handedOver);
  }

  /** The engine said that a process of it was killed for want of memory. */
  sawOutOfMemory(): void {
    this.outOfMemory = true;
  }

  /** The engine said that it ended. */
  async died(code: number | null): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.handover;
    const [outOfMemory] = await Promise.all([this.killedForMemory(code), this.outputDelivered()]);
    this.settle({ code, outOfMemory });
  }

  /** Asks the engine how it is; what its events told may have been missed. */
  async check(): Promise<void> {
    if (this.ended) return;
    try {
      const state = await this.engine.inspect(this.id);
      if (!state.ended) return;
      this.outOfMemory ||= state.oomKilled;
      await this.died(state.exitCode);
    } catch (error) {
      if (statusOf(error) === 404) await this.died(null);
    }
  }

  async pause(): Promise<void> {
    await towards(this.engine.pause(this.id), /already paused/i);
  }

  async resume(): Promise<void> {
    try {
      await towards(this.engine.unpause(this.id), /not paused/i);
    } catch (error) {
      throw statusOf(error) === undefined ? error : new NotResumedError(errorText(error));
    }
  }

  remove(): Promise<void> {
    this.removal ??= this.end();
    return this.removal;
  }

  /** The stream is not read before there is a listener; until then the engine holds what was printed. */
  onOutput(listener: OutputListener): void {
    this.listening = true;
    const reader = new FrameReader((stream, piece) => listener(stream, piece, Date.now()));
    this.output.on('data', (chunk: Buffer) => reader.feed(chunk));
  }

  private async end(): Promise<void> {
    const { persist } = this.hooks;
    await removePersistently({
      remove: () => this.engine.remove(this.id),
      // 409: somebody else's removal is under way.
      isGone: error => statusOf(error) === 404 || (statusOf(error) === 409 && !persist()),
      persist,
      longestWait: LONGEST_WAIT,
    });
    this.hooks.removed();
    this.handedOver();
    await this.died(null);
    await this.exited;
    this.output.destroy();
  }

  /** The engine may note a memory kill a moment after it noted the end. */
  private async killedForMemory(code: number | null): Promise<boolean> {
    for (const wait of OOM_NEWS) {
      if (this.outOfMemory || code !== KILLED || this.removal) break;
      await delay(wait);
      const state = await this.engine.inspect(this.id).catch(() => undefined);
      this.outOfMemory ||= state?.oomKilled ?? false;
    }
    return this.outOfMemory;
  }

  private outputDelivered(): Promise<unknown> {
    if (this.outputEnded || !this.listening) return Promise.resolve();
    return Promise.race([new Promise(resolve => this.output.once('close', resolve)), delay(OUTPUT_GRACE)]);
  }

  /**
   * The output broke off: as a rule the container has ended and the news is on its way. A container that runs on without
   * it can no longer be told apart activation by activation, so it counts as ended too.
   */
  private async outputLost(): Promise<void> {
    await Promise.race([this.exited, delay(NEWS_GRACE)]);
    await this.check();
    await this.died(null);
  }
}
