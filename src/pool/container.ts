import { errorText } from '../errors.js';
import { type Called, type CallTools, ContainerCalls } from './container-calls.js';
import type { Ticket } from './container-ticket.js';
import { settles, within } from './container-watchdog.js';
import { type Container, type ContainerSpec, type Driver, NotResumedError } from './driver.js';
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
  /** The job's /run begins; it has ended after `took` ms. Each once for a job and a container. */
  began(container: PooledContainer, ticket: Ticket): void;
  ended(container: PooledContainer, ticket: Ticket, took: number): void;
}

export interface Surroundings extends CallTools {
  readonly keeper: Keeper;
}

/** Longest waits for the engine, in ms. An image may have to be pulled; the others only take long when it is stuck. */
const LIMITS = { create: 600_000, pause: 10_000, resume: 10_000, remove: 30_000 };
/** One container: carries out the effects of its state machine. No policy. */
export class PooledContainer implements Called {
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
  private calls: ContainerCalls | undefined;
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
      this.calls?.ended(exit);
      this.end();
    });
    this.dispatch({ on: 'started' });
    void this.handle.leaving?.then(() => this.dispatch({ on: 'retire' }));
  }

  /** It has ended, or must end now whatever it holds. A job that may have begun is not given to another container. */
  end(): void {
    if (this.calls?.mayHaveBegun) this.dispatch({ on: 'resumed' });
    this.dispatch({ on: 'died' });
  }

  began(ticket: Ticket): void {
    this.around.keeper.began(this, ticket);
  }

  ended(ticket: Ticket, end: number, took: number): void {
    this.lastUsed = end;
    this.around.keeper.ended(this, ticket, took);
  }

  private carryOut(effect: Effect<Ticket>): void {
    switch (effect.do) {
      case 'init':
        this.calls = new ContainerCalls(this, this.handle!, effect.job.job.executable, this.around);
        this.calls.init(effect.job);
        return;
      case 'run':
        this.calls?.run(effect.job);
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
        if (this.state.at === 'resuming') void this.resume(this.state.job);
        return;
      case 'remove':
        void this.remove();
        return;
      case 'free':
        this.around.keeper.freed(this);
    }
  }

  private reply(ticket: Ticket): void {
    const { driver = '', id } = this;
    ticket.reply(driver, id, this.around.clock.now(), this.calls?.exit?.outOfMemory ?? false);
    if (this.state.at === 'removed') ticket.freeSlot();
  }

  private async pause(): Promise<void> {
    const ok = await settles(this.around.clock, LIMITS.pause, this.handle!.pause());
    this.dispatch({ on: ok ? 'paused' : 'pauseFailed' });
  }

  private async resume(ticket: Ticket): Promise<void> {
    const { clock } = this.around;
    const calls = this.calls as ContainerCalls;
    const answered = this.handle?.resumesSlowly ? calls.ahead(ticket) : undefined;
    const resumed = within(clock, LIMITS.resume, this.handle!.resume(), 'resume').then(
      () => 'resumed' as const,
      // Nobody knows whether it runs: what was sent to it is waited for.
      error => (calls.mayHaveBegun && !(error instanceof NotResumedError) ? 'resumed' : 'resumeFailed'),
    );
    this.dispatch({
      on: await (answered ? Promise.race([resumed, answered.then(() => 'resumed' as const)]) : resumed),
    });
  }

  private async remove(): Promise<void> {
    this.calls?.close();
    const ok = await settles(this.around.clock, LIMITS.remove, this.handle!.remove());
    // Its memory is given back even then: a pool that waits for a stuck engine would stop serving.
    if (!ok) this.around.log.warn({ container: this.spec.name }, 'the engine did not remove the container');
    this.dispatch({ on: 'gone' });
  }
}
