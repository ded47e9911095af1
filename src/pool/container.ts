import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import type { CallResult } from './client.js';
import type { Ticket } from './container-ticket.js';
import { initVerdict, runVerdict, type Verdict } from './container-verdict.js';
import { settles, within } from './container-watchdog.js';
import type { Caller, LogSource, Wiring } from './container-wiring.js';
import type { Container, ContainerSpec, Driver, ExitInfo } from './driver.js';
import type { PoolLane } from './pool-lane.js';
import { capacity, type Effect, type Event, isIdle, type State, type StateName, transition } from './state.js';

/** What a container tells the pool. */
export interface Keeper {
  /** After each transition, before its effects. `freed`: how many jobs more it can take than before. */
  changed(container: PooledContainer, before: StateName, freed: number): void;
  /** Its memory is free again. Last call. */
  freed(container: PooledContainer): void;
  /** The job did not run here: it goes to another container. */
  refused(ticket: Ticket): void;
  /** The job's /run begins; and it has ended, and held its slot for `took` ms. Each once for a job and a container. */
  began(container: PooledContainer, ticket: Ticket): void;
  ended(container: PooledContainer, ticket: Ticket, took: number): void;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly wiring: Wiring;
  readonly keeper: Keeper;
}

/** Longest waits for the engine, in ms. An image may have to be pulled; the others only take long when it is stuck. */
const LIMITS = { create: 600_000, pause: 10_000, resume: 10_000, remove: 30_000 };
/**
 * A job that was never sent is given to another container so often: one that dies before /init may have been unlucky, two
 * are the image's fault; a warm one may have ended unnoticed.
 */
const MOST_REFUSALS = { init: 1, run: 3 };
/** How long after a broken call the engine may take to say how the container ended, in ms. */
const EXIT_INFO = 500;
const MB = 1024 * 1024;

/** One container: carries out the effects of its state machine. No policy. */
export class PooledContainer {
  state: State<Ticket> = { at: 'starting' };
  /** How many jobs it can take now: `capacity(state, concurrency)`, kept for `choose`. */
  free = 0;
  concurrency = 1;
  /** Epoch ms. */
  readonly created: number;
  started = 0;
  lastUsed: number;
  uses = 0;
  /** Why it could not be made. */
  failure: unknown;
  driver: Driver['name'] | undefined;
  canPause = false;
  /** Whose jobs it runs. None: it is a stem cell. */
  lane: PoolLane | undefined;
  /** `PoolLane.mark` when its lane asked for it. */
  mark = 0;
  /** How the job that is given to it next comes to it. */
  origin: 'cold' | 'prewarmed' = 'cold';
  private handle: Container | undefined;
  private client: Caller | undefined;
  private logs: LogSource | undefined;
  private exit: ExitInfo | undefined;
  private readonly debug: boolean;

  constructor(
    readonly spec: ContainerSpec,
    private readonly pick: () => Promise<Driver>,
    private readonly around: Surroundings,
  ) {
    this.created = around.clock.now();
    this.lastUsed = this.created;
    this.debug = around.log.isLevelEnabled('debug');
  }

  get id(): string {
    return this.handle?.id ?? '';
  }

  get idle(): boolean {
    return isIdle(this.state);
  }

  /** Resident memory in bytes, where the driver can tell. */
  memoryUsed(): Promise<number> | undefined {
    return this.handle?.memoryUsed?.();
  }

  dispatch(event: Event<Ticket>): void {
    const before = this.state;
    const step = transition(before, event);
    if (step.state === before) return;
    this.state = step.state;
    const free = capacity(step.state, this.concurrency);
    const freed = free - this.free;
    this.free = free;
    if (this.debug)
      this.around.log.debug(
        { container: this.spec.name, from: before.at, to: step.state.at, on: event.on },
        'container',
      );
    this.around.keeper.changed(this, before.at, freed);
    for (const effect of step.effects) this.carryOut(effect);
  }

  assign(ticket: Ticket): void {
    const { at } = this.state;
    const now = this.around.clock.now();
    this.lastUsed = now;
    this.uses++;
    ticket.start = now;
    ticket.origin = at === 'prewarmed' ? this.origin : at === 'paused' || at === 'pausing' ? 'paused' : 'warm';
    this.dispatch({ on: 'assign', job: ticket });
  }

  /** Makes the container. Called once, by whoever constructed it, after it is registered. */
  async create(): Promise<void> {
    let made: Promise<Container> | undefined;
    try {
      const driver = await this.pick();
      this.driver = driver.name;
      this.canPause = driver.canPause;
      made = driver.create(this.spec);
      this.handle = await within(this.around.clock, LIMITS.create, made, 'create');
    } catch (error) {
      this.failure = error;
      // A create that comes back after all must not stay behind.
      made?.then(container => container.remove()).catch(() => undefined);
      this.around.log.warn({ container: this.spec.name, reason: errorText(error) }, 'container could not be made');
      this.dispatch({ on: 'startFailed' });
      return;
    }
    this.started = this.around.clock.now();
    this.lastUsed = this.started;
    void this.handle.exited.then(exit => {
      this.exit = exit;
      this.client?.close();
      this.dispatch({ on: 'died' });
    });
    this.dispatch({ on: 'started' });
  }

  private carryOut(effect: Effect<Ticket>): void {
    switch (effect.do) {
      case 'init':
        this.guard(effect.job, this.init(effect.job));
        return;
      case 'run':
        this.guard(effect.job, this.run(effect.job));
        return;
      case 'reply':
        this.reply(effect.job);
        return;
      case 'requeue':
        // First the slot: the job may get its next one before `refused` returns.
        effect.job.freeSlot();
        this.around.keeper.refused(effect.job);
        return;
      case 'pause':
        void this.pause();
        return;
      case 'resume':
        void this.resume();
        return;
      case 'remove':
        void this.remove();
        return;
      case 'free':
        this.around.keeper.freed(this);
    }
  }

  /** A fault in a job's own functions (`initBody`, `runBody`, `onStart`) ends that job, never the pool. */
  private guard(ticket: Ticket, call: Promise<void>): void {
    call.catch(error => {
      this.around.log.error({ container: this.spec.name, err: error }, 'job failed inside the pool');
      ticket.result ??= { kind: 'connection', beforeSent: false, reason: errorText(error) };
      this.broken(ticket);
    });
  }

  private async init(ticket: Ticket): Promise<void> {
    const { clock, wiring } = this.around;
    const { executable } = ticket.job;
    const container = this.handle!;
    this.client = wiring.client(container.address, executable.concurrency);
    this.logs = wiring.logs(container, executable.sentinels);
    const body = executable.initBody(ticket.job, clock.now() + executable.timeout);
    this.begin(ticket);
    const before = clock.now();
    const result = await this.client.init(body, executable.timeout);
    ticket.initMs = clock.now() - before;
    const verdict = initVerdict(result);
    if (verdict === 'done') {
      this.dispatch({ on: 'initDone', job: ticket });
      return;
    }
    ticket.phase = 'init';
    await this.conclude(ticket, result, verdict);
  }

  private async run(ticket: Ticket): Promise<void> {
    const { clock, keeper } = this.around;
    const { job } = ticket;
    const { timeout } = job.executable;
    const before = clock.now();
    const body = job.runBody(before + timeout);
    if (ticket.initMs === undefined) this.begin(ticket);
    keeper.began(this, ticket);
    let result = await this.client!.run(body, timeout);
    const end = clock.now();
    ticket.runMs = end - before;
    this.lastUsed = end;
    keeper.ended(this, ticket, ticket.runMs);
    // An answer that took as long as the limit allows counts as none (OPENWHISK.md 3.5).
    if (ticket.runMs >= timeout && result.kind === 'response') result = { kind: 'timeout' };
    await this.conclude(ticket, result, runVerdict(result));
  }

  private begin(ticket: Ticket): void {
    this.logs!.begin(ticket.job.executable.logs * MB);
    ticket.begin();
  }

  private conclude(ticket: Ticket, result: CallResult, verdict: Verdict): Promise<void> | undefined {
    ticket.result = result;
    const gaveUp =
      verdict === 'refused' && result.kind === 'connection' && ticket.refusals >= MOST_REFUSALS[ticket.phase];
    if (verdict === 'broken' || gaveUp) return this.concludeBroken(ticket, result);
    const logs = this.logs!.collect({ strict: verdict === 'done' && ticket.job.executable.sentinels });
    ticket.logs = logs;
    this.dispatch({ on: verdict, job: ticket });
    if (verdict === 'refused') return undefined;
    if (verdict === 'done' && this.logs!.separable) this.settled(ticket);
    else void logs.then(() => this.settled(ticket));
    return undefined;
  }

  private async concludeBroken(ticket: Ticket, result: CallResult): Promise<void> {
    if (result.kind === 'connection' && this.exit === undefined)
      await settles(this.around.clock, EXIT_INFO, this.handle!.exited);
    ticket.logs = this.logs!.collect({ strict: false });
    this.broken(ticket);
  }

  private broken(ticket: Ticket): void {
    this.dispatch({ on: 'broken', job: ticket });
    ticket.freeSlot();
  }

  private settled(ticket: Ticket): void {
    this.dispatch({ on: 'settled' });
    ticket.freeSlot();
  }

  private reply(ticket: Ticket): void {
    ticket.end({
      kind: 'ran',
      start: ticket.start,
      end: this.around.clock.now(),
      driver: this.driver ?? '',
      container: this.id,
      origin: ticket.origin,
      ...(ticket.initMs !== undefined && { initMs: ticket.initMs }),
      ...(ticket.runMs !== undefined && { runMs: ticket.runMs }),
      phase: ticket.phase,
      result: ticket.result ?? { kind: 'connection', beforeSent: false, reason: 'the container has ended' },
      outOfMemory: this.exit?.outOfMemory ?? false,
      logs: ticket.logs,
    });
    if (this.state.at === 'removed') ticket.freeSlot();
  }

  private async pause(): Promise<void> {
    const ok = await settles(this.around.clock, LIMITS.pause, this.handle!.pause());
    this.dispatch({ on: ok ? 'paused' : 'pauseFailed' });
  }

  private async resume(): Promise<void> {
    const ok = await settles(this.around.clock, LIMITS.resume, this.handle!.resume());
    this.dispatch({ on: ok ? 'resumed' : 'resumeFailed' });
  }

  private async remove(): Promise<void> {
    this.client?.close();
    const ok = await settles(this.around.clock, LIMITS.remove, this.handle!.remove());
    // Its memory is given back even then: a pool that waits for a stuck engine would stop serving.
    if (!ok) this.around.log.warn({ container: this.spec.name }, 'the engine did not remove the container');
    this.dispatch({ on: 'gone' });
  }
}
