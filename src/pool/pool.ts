import type { Logger } from '../log.js';
import type { Keeper, PooledContainer } from './container.js';
import { Ticket } from './container-ticket.js';
import { settles } from './container-watchdog.js';
import { type Wiring, wiring } from './container-wiring.js';
import { type Job, type Outcome, QueueFull } from './job.js';
import { Fleet, type FleetOptions, type Stem } from './pool-fleet.js';
import type { LaneOwner, PoolLane } from './pool-lane.js';
import { Lanes } from './pool-lanes.js';
import { Supply, type SupplyOptions } from './pool-supply.js';
import { Sweep, type SweepOptions } from './pool-sweep.js';
import { Prewarm, type PrewarmOptions } from './prewarm.js';
import type { StateName } from './state.js';
import { newCounters, type PoolStats, snapshot } from './stats.js';

export interface PoolOptions extends FleetOptions, SupplyOptions, SweepOptions, PrewarmOptions {
  readonly log: Logger;
  /** Jobs that may wait, all lanes together. */
  readonly maxQueue: number;
  /** For tests: how containers are called and their logs read. */
  readonly wiring?: Wiring;
}

export interface Pool {
  /** Resolves when the job has ended, whatever became of it. Rejects with `QueueFull` only. */
  submit(job: Job): Promise<Outcome>;
  /** The action at `path` (or those in the package) changed: its containers go as soon as they are idle. */
  invalidate(path: string): void;
  /** The executable will be called soon: keeps a stem cell of its stem for a while. Runs no user code. */
  prepare(stem: Stem): void;
  stats(): PoolStats;
  /** Ends waiting jobs as `stopped` and waits up to `graceMs` for those that containers have. */
  drain(graceMs: number): Promise<void>;
  /** Removes every container, whatever it does. Jobs still in one end as broken. */
  close(): Promise<void>;
}

class Stopped extends Error {}

/** Waits for containers to be gone when the pool closes, in ms. */
const CLOSE = 40_000;
/** After so long a job that /run refuses again and again is given up, as OpenWhisk does. */
const giveUpAfter = (timeout: number): number => Math.max(timeout, 60_000) * 2 + 60_000;

class ContainerPool implements Pool, Keeper, LaneOwner {
  private readonly lanes = new Lanes(this);
  private readonly counters = newCounters();
  private readonly fleet: Fleet;
  private readonly prewarm: Prewarm;
  private readonly supply: Supply;
  private readonly sweep: Sweep;
  private waiting = 0;
  /** Jobs that hold a slot, and those whose /run is under way. */
  private busy = 0;
  private running = 0;
  private stopping = false;
  private closing = false;
  private onQuiet: (() => void)[] = [];

  constructor(private readonly options: PoolOptions) {
    const { clock, log } = options;
    this.fleet = new Fleet(options, { clock, log, wiring: options.wiring ?? wiring(clock), keeper: this });
    this.prewarm = new Prewarm(this.fleet, options);
    this.supply = new Supply(this.fleet, this.prewarm, this.counters, options);
    this.sweep = new Sweep(this.fleet, options);
  }

  submit(job: Job): Promise<Outcome> {
    const { executable } = job;
    if (this.stopping) return Promise.resolve({ kind: 'stopped' });
    if (this.waiting >= this.options.maxQueue) return Promise.reject(new QueueFull('the queue is full'));
    if (executable.memory > this.fleet.total)
      return Promise.resolve({
        kind: 'notProvisioned',
        reason: `the action wants ${executable.memory} MB, the pool has ${this.fleet.total} MB in all`,
      });
    return new Promise(resolve => {
      const lane = this.lanes.of(executable);
      lane.stale = false;
      this.enqueue(lane, new Ticket(job, resolve));
    });
  }

  invalidate(path: string): void {
    for (const lane of this.lanes.at(path)) {
      lane.stale = true;
      if (lane.waiting === 0) for (const container of [...lane.containers]) container.dispatch({ on: 'evict' });
      this.lanes.forget(lane);
    }
  }

  prepare(stem: Stem): void {
    this.prewarm.prepare(stem);
  }

  stats(): PoolStats {
    return snapshot({
      now: this.now(),
      fleet: this.fleet,
      lanes: this.lanes.values(),
      counters: this.counters,
      waiting: this.waiting,
      running: this.running,
    });
  }

  async drain(graceMs: number): Promise<void> {
    this.stopping = true;
    this.supply.stop();
    this.prewarm.stop();
    for (const lane of this.lanes.values()) lane.failWaiting(new Stopped(), lane.waiting);
    if (this.busy > 0 && graceMs > 0)
      await settles(this.options.clock, graceMs, new Promise<void>(r => this.onQuiet.push(r)));
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.drain(0);
    const { fleet } = this;
    const gone = new Promise<void>(resolve => this.onQuiet.push(resolve));
    for (const container of [...fleet.containers]) container.end();
    if (fleet.containers.size === 0 && this.busy === 0) return;
    if (!(await settles(this.options.clock, CLOSE, gone)))
      this.options.log.warn({ containers: fleet.containers.size }, 'containers are left behind');
  }

  get cores(): number {
    return this.options.cores;
  }

  get capped(): boolean {
    return this.options.scale === 'predictive';
  }

  now(): number {
    return this.options.clock.now();
  }

  // What lanes tell.

  taken(ticket: Ticket, now: number): void {
    const { counters } = this;
    const wait = Math.max(0, now - ticket.queued);
    this.waiting--;
    this.busy++;
    counters.taken++;
    counters.waited += wait;
    if (wait > counters.longestWait) counters.longestWait = wait;
  }

  fail(lane: PoolLane, ticket: Ticket, failure: unknown): void {
    this.released(lane);
    if (failure instanceof Stopped) ticket.end({ kind: 'stopped' });
    else ticket.fail(failure);
  }

  released(lane: PoolLane): void {
    this.busy--;
    if (lane.containers.size === 0) this.lanes.forget(lane);
    this.quiet();
  }

  // What containers tell.

  changed(container: PooledContainer, before: StateName, freed: number): void {
    const { lane, state } = container;
    const { at } = state;
    if (before === 'running' && (at === 'ready' || at === 'running') && freed > 0) this.fell(container);
    lane?.changed(before, at, freed);
    if (before === 'starting' && at !== 'starting') {
      this.fleet.starting--;
      this.prewarm.changed(container);
    }
    if (at === 'prewarmed' && this.closing) container.dispatch({ on: 'died' });
    if (at === 'removed' && before === 'starting') this.notMade(container);
  }

  freed(container: PooledContainer): void {
    const { lane } = container;
    this.fleet.release(container);
    lane?.detach(container);
    if (lane !== undefined) this.lanes.forget(lane);
    this.supply.eased();
    this.prewarm.eased();
    this.quiet();
  }

  refused(ticket: Ticket): void {
    const now = this.now();
    const { job } = ticket;
    this.counters.requeues++;
    ticket.refused(now);
    if (now - job.accepted > giveUpAfter(job.executable.timeout))
      ticket.end({ kind: 'notProvisioned', reason: 'no container took the job' });
    else if (this.stopping) ticket.end({ kind: 'stopped' });
    else this.enqueue(this.lanes.of(job.executable), ticket);
  }

  began(container: PooledContainer, ticket: Ticket): void {
    ticket.parallel = ++this.running + this.fleet.starting;
    ticket.idle = this.options.clock.idle();
    this.counters[ticket.origin]++;
    if (ticket.origin === 'cold' && ticket.initMs !== undefined)
      this.supply.learnCold(container.spec.kind, container.started - container.created + ticket.initMs);
  }

  ended(container: PooledContainer, ticket: Ticket, took: number): void {
    this.running--;
    const { parallel } = ticket;
    container.lane?.learn({ took, idle: this.options.clock.idle() - ticket.idle, parallel });
  }

  private enqueue(lane: PoolLane, ticket: Ticket): void {
    this.waiting++;
    lane.add(ticket);
    if (lane.waiting > 0) this.supply.wanting(lane);
  }

  /** A container has ended a job and could take the next one. */
  private fell(container: PooledContainer): void {
    const { lane } = container;
    if (lane === undefined) return;
    const idle = container.state.at === 'ready';
    if (idle) this.sweep.arm();
    if (this.supply.givesWay(container)) {
      this.counters.evictions++;
      container.dispatch({ on: 'retire' });
    } else if (idle && lane.waiting === 0) {
      if (lane.stale) for (const one of [...lane.containers]) one.dispatch({ on: 'evict' });
      else this.supply.eased();
    }
  }

  /** The jobs that waited when the container was asked for fail with it, unless their lane has others. */
  private notMade(container: PooledContainer): void {
    const { lane, failure } = container;
    this.counters.failures++;
    if (lane === undefined) return;
    if (lane.served) this.supply.failed(lane);
    else lane.failWaiting(failure, lane.waitedFor(container));
  }

  private quiet(): void {
    if (this.busy > 0 || (this.closing && this.fleet.containers.size > 0)) return;
    for (const resolve of this.onQuiet.splice(0)) resolve();
  }
}

export const createPool = (options: PoolOptions): Pool => new ContainerPool(options);
