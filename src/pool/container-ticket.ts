import { errorText } from '../errors.js';
import type { CallResult } from './client.js';
import { CommandNotFoundError, ImageError } from './driver.js';
import type { CollectedLogs, ContainerOrigin, Job, Outcome } from './job.js';

const NO_LOGS: Promise<CollectedLogs> = Promise.resolve({ lines: [], failed: false });

/** A job inside the pool, with what is known about its course so far. */
export class Ticket {
  /** How often a container has refused it. */
  refusals = 0;
  begun = false;
  start = 0;
  origin: ContainerOrigin = 'cold';
  /** Epoch ms. */
  initBegan = 0;
  initMs: number | undefined;
  runMs: number | undefined;
  phase: 'init' | 'run' = 'run';
  result: CallResult | undefined;
  logs: Promise<CollectedLogs> = NO_LOGS;
  /** When its /run began: jobs running in the whole pool and containers being started, and `Clock.idle`. */
  parallel = 1;
  idle = 0;
  /** Epoch ms at which it began to wait. */
  queued: number;
  /** Frees its slot in the lane. Set while it has one. */
  release: (() => void) | undefined;

  constructor(
    readonly job: Job,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    this.queued = job.accepted;
  }

  /** Just before the first byte goes to a container; a second container does not count again. */
  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.job.onStart?.();
  }

  /** Back to waiting: what another container did with it does not count. */
  refused(now: number): void {
    this.refusals++;
    this.queued = now;
    this.initMs = undefined;
    this.runMs = undefined;
    this.phase = 'run';
    this.result = undefined;
    this.logs = NO_LOGS;
  }

  /** The answer of a container, or what stands for it when it is gone. `end` in epoch ms. */
  reply(driver: string, container: string, end: number, outOfMemory: boolean): void {
    const { start, origin, runMs, phase, logs } = this;
    const initMs = this.initMs ?? (phase === 'init' ? end - this.initBegan : undefined);
    this.resolve({
      kind: 'ran',
      start,
      end,
      driver,
      container,
      origin,
      initMs,
      runMs,
      phase,
      result: this.result ?? { kind: 'connection', beforeSent: false, reason: 'the container has ended' },
      outOfMemory,
      logs,
    });
  }

  /** It ends because no container could be had. */
  fail(failure: unknown): void {
    if (failure instanceof ImageError) this.end({ kind: 'imageFailed', image: failure.image, reason: failure.message });
    else if (failure instanceof CommandNotFoundError) this.end({ kind: 'commandNotFound', image: failure.image });
    else this.end({ kind: 'notProvisioned', reason: errorText(failure) });
  }

  end(outcome: Outcome): void {
    this.resolve(outcome);
  }

  freeSlot(): void {
    const { release } = this;
    this.release = undefined;
    release?.();
  }
}
