import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import type { Ahead, CallResult } from './client.js';
import type { Ticket } from './container-ticket.js';
import { initVerdict, runVerdict, type Verdict } from './container-verdict.js';
import { settles } from './container-watchdog.js';
import type { Caller, LogSource, Wiring } from './container-wiring.js';
import type { Container, ExitInfo } from './driver.js';
import type { Executable } from './job.js';
import type { Event } from './state.js';

/**
 * A job that was never sent is given to another container so often: one that dies before /init may have been unlucky, two
 * are the image's fault; a warm one may have ended unnoticed.
 */
const MOST_REFUSALS = { init: 1, run: 3 };
/** How long after a broken call the engine may take to say how the container ended, in ms. */
const EXIT_INFO = 500;
const MB = 1024 * 1024;

/** How long a run took by the container's own clock; at most `span`, which has the resuming in it. Both in ms. */
const ownTime = (result: CallResult, span: number): number =>
  result.kind === 'response' && result.took !== undefined ? Math.min(result.took, span) : span;

/** The container whose calls these are. */
export interface Called {
  readonly spec: { readonly name: string };
  dispatch(event: Event<Ticket>): void;
  /** The job's /run begins; it has ended at `end` after `took` ms. */
  began(ticket: Ticket): void;
  ended(ticket: Ticket, end: number, took: number): void;
}

export interface CallTools {
  readonly clock: Clock;
  readonly log: Logger;
  readonly wiring: Wiring;
}

/** The calls to one container from its /init on, and the logs of each. Tells the container's machine what came of them. */
export class ContainerCalls {
  exit: ExitInfo | undefined;
  private readonly client: Caller;
  private readonly logs: LogSource;
  /** Its runs do not overlap and end with sentinels: each can be told to have printed nothing. */
  private readonly alone: boolean;
  /** The /run that was sent while the container was being resumed, and when. */
  private early: { readonly call: Ahead; readonly before: number } | undefined;

  constructor(
    private readonly container: Called,
    private readonly handle: Container,
    executable: Executable,
    private readonly around: CallTools,
  ) {
    this.client = around.wiring.client(handle.address, executable.concurrency);
    this.logs = around.wiring.logs(handle, executable.sentinels);
    this.alone = executable.sentinels && executable.concurrency === 1;
  }

  init(ticket: Ticket): void {
    this.guard(ticket, this.callInit(ticket));
  }

  run(ticket: Ticket): void {
    this.guard(ticket, this.callRun(ticket));
  }

  /**
   * Sends /run of the job for which the container is being resumed; `run` then waits for what comes of it. Resolves when
   * the container has answered, and so runs; never, when it does not. Undefined: `run` has to send it.
   */
  ahead(ticket: Ticket): Promise<void> | undefined {
    const before = this.around.clock.now();
    let body: Buffer | string;
    try {
      body = ticket.job.runBody(before + ticket.job.executable.timeout);
    } catch {
      return undefined;
    }
    this.begin(ticket);
    const call = this.client.ahead(body, this.sentinelsOptional);
    this.early = { call, before };
    return new Promise(resolve => {
      void call.result.then(({ kind }) => {
        if (kind === 'response') resolve();
      });
    });
  }

  /** The job for which the container is being resumed may have begun. */
  get mayHaveBegun(): boolean {
    return this.early?.call.sent ?? false;
  }

  /** The container has ended: calls under way end, too. */
  ended(exit: ExitInfo): void {
    this.exit = exit;
    this.close();
  }

  close(): void {
    this.client.close();
  }

  /** A fault in a job's own functions (`initBody`, `runBody`, `onStart`) ends that job, never the pool. */
  private guard(ticket: Ticket, call: Promise<void>): void {
    call.catch(error => {
      this.around.log.error({ container: this.container.spec.name, err: error }, 'job failed inside the pool');
      ticket.result ??= { kind: 'connection', beforeSent: false, reason: errorText(error) };
      this.broken(ticket);
    });
  }

  private async callInit(ticket: Ticket): Promise<void> {
    const { clock } = this.around;
    const { executable } = ticket.job;
    const body = executable.initBody(ticket.job, clock.now() + executable.timeout);
    this.begin(ticket);
    ticket.phase = 'init';
    ticket.initBegan = clock.now();
    const result = await this.client.init(body, executable.timeout);
    ticket.initMs = clock.now() - ticket.initBegan;
    const verdict = initVerdict(result);
    if (verdict === 'done') {
      ticket.phase = 'run';
      this.container.dispatch({ on: 'initDone', job: ticket });
      return;
    }
    await this.conclude(ticket, result, verdict);
  }

  private async callRun(ticket: Ticket): Promise<void> {
    const { clock } = this.around;
    const { job } = ticket;
    const { timeout } = job.executable;
    const { early } = this;
    this.early = undefined;
    const now = clock.now();
    const optional = this.sentinelsOptional;
    let result: CallResult;
    if (early) {
      this.container.began(ticket);
      early.call.limit(timeout);
      result = await early.call.result;
    } else {
      const body = job.runBody(now + timeout);
      if (ticket.initMs === undefined) this.begin(ticket);
      this.container.began(ticket);
      result = await this.client.run(body, timeout, optional);
    }
    const end = clock.now();
    const limited = end - now;
    ticket.runMs = early ? ownTime(result, end - early.before) : limited;
    this.container.ended(ticket, end, ticket.runMs);
    // An answer that took as long as the limit allows counts as none (OPENWHISK.md 3.5).
    if (limited >= timeout && result.kind === 'response') result = { kind: 'timeout' };
    const silent = optional && result.kind === 'response' && result.silent;
    await this.conclude(ticket, result, runVerdict(result), silent);
  }

  private get sentinelsOptional(): boolean {
    return this.alone && this.logs.sentinelsOptional;
  }

  private begin(ticket: Ticket): void {
    this.logs.begin(ticket.job.executable.logs * MB);
    ticket.begin();
  }

  /** `silent`: it was allowed to leave the sentinels out, and says that it did. */
  private conclude(ticket: Ticket, result: CallResult, verdict: Verdict, silent = false): Promise<void> | undefined {
    ticket.result = result;
    const gaveUp =
      verdict === 'refused' && result.kind === 'connection' && ticket.refusals >= MOST_REFUSALS[ticket.phase];
    if (verdict === 'broken' || gaveUp) return this.concludeBroken(ticket, result);
    const logs = this.logs.collect({ strict: verdict === 'done' && ticket.job.executable.sentinels, silent });
    ticket.logs = logs;
    this.container.dispatch({ on: verdict, job: ticket });
    if (verdict === 'refused') return undefined;
    if (silent || (verdict === 'done' && this.logs.separable)) this.settled(ticket);
    else void logs.then(() => this.settled(ticket));
    return undefined;
  }

  private async concludeBroken(ticket: Ticket, result: CallResult): Promise<void> {
    if (result.kind === 'connection' && this.exit === undefined)
      await settles(this.around.clock, this.handle.exitNewsMs ?? EXIT_INFO, this.handle.exited);
    ticket.logs = this.logs.collect({ strict: false });
    this.broken(ticket);
  }

  private broken(ticket: Ticket): void {
    this.container.dispatch({ on: 'broken', job: ticket });
    ticket.freeSlot();
  }

  private settled(ticket: Ticket): void {
    this.container.dispatch({ on: 'settled' });
    ticket.freeSlot();
  }
}
