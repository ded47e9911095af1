import { Lane } from '../queue/lane.js';
import type { PooledContainer } from './container.js';
import type { Ticket } from './container-ticket.js';
import { Debt } from './debt.js';
import type { Executable } from './job.js';
import { choose } from './schedule.js';
import { type LaneLoad, learn, type Machine, mostBusy, type Pace, type Seen, scarce } from './schedule-scale.js';
import type { StateName } from './state.js';

const COMING: ReadonlySet<StateName> = new Set(['starting', 'prewarmed', 'initializing', 'resuming']);
const HOT: ReadonlySet<StateName> = new Set(['ready', 'running']);
const GOING: ReadonlySet<StateName> = new Set(['draining', 'removing', 'aborting', 'removed']);

/** Why no container could be made, and how many waiting jobs that is the answer to. */
interface Fault {
  readonly failure: unknown;
  left: number;
}

export interface LaneOwner {
  readonly cores: number;
  /** Whether short calls are held to the cores (not with OpenWhisk's rule). */
  readonly capped: boolean;
  now(): number;
  /** A job left the queue. */
  taken(ticket: Ticket, now: number): void;
  /** It ends without a container. */
  fail(lane: PoolLane, ticket: Ticket, failure: unknown): void;
  /** A taken job holds its slot no more. */
  released(lane: PoolLane): void;
}

/** One executable in the pool: its queue, its containers and what was learnt about its calls. */
export class PoolLane {
  readonly containers = new Set<PooledContainer>();
  private readonly queue: Lane<Ticket>;
  /** Slots that jobs hold, and slots that containers have free. */
  private busy = 0;
  private free = 0;
  private fault: Fault | undefined;
  private added = 0;
  private takenCount = 0;
  private pace: Pace | undefined;
  /** Containers that may be busy at the same time. */
  private cap = Number.POSITIVE_INFINITY;
  /** Whether another container would take from the calls what it gives them. */
  private scarce = false;
  /** Epoch ms of the last time a job was taken or ended, or the queue began to fill. */
  moved: number;
  /** For how long nothing moved, counted by `tick`: what holds the server itself up does not count. */
  private stalled = 0;
  private hot = 0;
  /** Epoch ms since which it has a hot container; 0 while it has none. */
  private hotSince = 0;
  private readonly debt = new Debt();
  /** Its action was updated or deleted: containers go as soon as no job waits. */
  stale = false;

  constructor(
    public executable: Executable,
    private readonly owner: LaneOwner,
  ) {
    this.queue = new Lane(ticket => this.take(ticket));
    this.moved = owner.now();
  }

  private get concurrency(): number {
    return Math.max(1, this.executable.concurrency);
  }

  get waiting(): number {
    return this.queue.waiting;
  }

  /** Nothing waits, runs or is kept for it. */
  get empty(): boolean {
    return this.queue.waiting === 0 && this.busy === 0 && this.containers.size === 0;
  }

  /** Containers that are not on their way out. */
  get live(): number {
    let live = 0;
    for (const { state } of this.containers) if (!GOING.has(state.at)) live++;
    return live;
  }

  get held(): number {
    let memory = 0;
    for (const container of this.containers) if (!GOING.has(container.state.at)) memory += container.spec.memory;
    return memory;
  }

  add(ticket: Ticket): void {
    const now = this.owner.now();
    if (this.queue.waiting === 0) this.move(now);
    this.added++;
    this.queue.add(ticket, ticket.job.urgent === true || ticket.refusals > 0);
  }

  attach(container: PooledContainer): void {
    container.lane = this;
    container.mark = this.added;
    container.concurrency = this.concurrency;
    this.containers.add(container);
    this.free += container.free;
    this.grant();
  }

  /** Forgets a container that is `removed`, and so has no slots. */
  detach(container: PooledContainer): void {
    this.containers.delete(container);
  }

  /** Whether it has a container that serves it, or will. */
  get served(): boolean {
    return this.live > 0;
  }

  /** One of its containers went from one state to another, and has `freed` slots more (or fewer). */
  changed(from: StateName, to: StateName, freed: number): void {
    const turned = Number(HOT.has(to)) - Number(HOT.has(from));
    if (turned !== 0) {
      this.hot += turned;
      this.hotSince = this.hot === 0 ? 0 : this.hotSince || this.owner.now();
    }
    if (freed === 0) return;
    this.free += freed;
    this.grant();
  }

  /** The first `count` waiting jobs end with `failure`. */
  failWaiting(failure: unknown, count: number): void {
    const left = Math.min(count, this.queue.waiting);
    if (left <= 0) return;
    this.fault = { failure, left };
    this.grant();
  }

  /** How many of the jobs still wait that did when `container` was asked for. */
  waitedFor(container: PooledContainer): number {
    return Math.max(0, container.mark - this.takenCount);
  }

  /** True while containers may stand idle although jobs wait: more of them would only slow each other. */
  get saturated(): boolean {
    return this.busy >= this.cap * this.concurrency;
  }

  /** True while no container more could be busy with it. */
  get full(): boolean {
    return this.hot >= this.cap;
  }

  /** A call has ended. */
  learn(call: Seen): void {
    const { cores, now } = this.owner;
    this.pace = learn(this.pace, call, cores);
    this.move(now.call(this.owner));
    this.limit({ cores, cold: 0 });
  }

  /** `ms` have passed in which the server did its work while jobs waited. */
  tick(ms: number, machine: Machine): void {
    this.stalled = this.hot > 0 ? this.stalled + ms : 0;
    this.limit(machine);
  }

  private move(now: number): void {
    this.moved = now;
    this.stalled = 0;
  }

  private limit(machine: Machine): void {
    if (!this.owner.capped) return;
    const { hot, stalled, pace } = this;
    if (pace === undefined) return;
    const progress = { hot, stalled, ...pace };
    this.scarce = scarce(progress, machine);
    const cap = mostBusy(progress, machine);
    if (cap === this.cap) return;
    this.cap = cap;
    // What waited for a core has waited for no container.
    this.debt.clear();
    this.grant();
  }

  load(now: number): LaneLoad {
    let coming = 0;
    for (const { state } of this.containers) if (COMING.has(state.at)) coming++;
    const { instances } = this.executable;
    return {
      // A slot that was freed in this very turn is taken within it.
      waiting: Math.max(0, this.queue.waiting - this.free),
      hot: this.hot,
      coming,
      concurrency: this.concurrency,
      ...(instances !== undefined && { instances }),
      ...this.pace,
      stalled: this.stalled,
      debt: this.debt.at(now),
    };
  }

  /** Containers worth `cost` ms of waiting were bought. */
  spend(cost: number, now: number): void {
    this.debt.spend(cost, now);
  }

  private grant(): void {
    const slots = Math.min(this.busy + this.free, this.cap * this.concurrency);
    this.queue.slots = slots + (this.fault?.left ?? 0);
  }

  private take(ticket: Ticket): Promise<void> {
    const { owner } = this;
    const now = owner.now();
    this.takenCount++;
    this.move(now);
    const fault = this.fault;
    if (fault !== undefined) {
      if (--fault.left === 0) this.fault = undefined;
      owner.taken(ticket, now);
      owner.fail(this, ticket, fault.failure);
      // Only with the last one: a queue whose slots change while it hands out a job begins to hand out within itself.
      if (fault.left === 0) this.grant();
      return Promise.resolve();
    }
    const container = choose(this.containers);
    if (container === undefined) {
      owner.taken(ticket, now);
      owner.fail(this, ticket, new Error('no container had the slot that was promised'));
      return Promise.resolve();
    }
    const waited = this.debt.waited(Math.max(ticket.queued, this.hotSince), now, this.scarce);
    // Waits that more containers would not have spared anybody are nobody's debt.
    if (waited > 0 && this.hotSince > 0 && !this.full) this.debt.add(waited, now);
    owner.taken(ticket, now);
    return new Promise(resolve => {
      this.busy++;
      ticket.release = () => {
        this.busy--;
        this.grant();
        resolve();
        owner.released(this);
      };
      container.assign(ticket);
    });
  }
}
