import type { Clock } from '../clock.js';
import type { PooledContainer } from './container.js';
import { type Fleet, stemKey } from './pool-fleet.js';
import type { PoolLane } from './pool-lane.js';
import type { Prewarm } from './prewarm.js';
import { type Need, plan, yields } from './schedule.js';
import { wanted, wantedEagerly } from './schedule-scale.js';
import type { Counters } from './stats.js';

export interface SupplyOptions {
  readonly clock: Clock;
  readonly scale: 'predictive' | 'eager';
  readonly cores: number;
  /** How many containers the engine makes at once; absent: any number. */
  startsAtOnce?(): number;
  /**
   * Resolves when containers of the kind can be made, after its image was got where that is missing; rejects with the
   * reason when they cannot. Absent: they always can.
   */
  provide?(kind: string, image: string): Promise<void>;
}

/** How often lanes with waiting jobs are looked at again, in ms: a call that blocks is noticed by the time it takes. */
const TICK = 10;
/** A cold start nobody has measured yet, and specialising a stem cell, in ms. */
const COLD = 250;
const SPECIALISE = 20;
/** After a failed start, so long until a lane that has other containers tries again, in ms. */
const BACK_OFF = 1000;
const WEIGHT = 0.3;
/** While the engine makes as many as it does at once, memory for as many more is made free: else it would wait for that. */
const AHEAD = 2;

/** Gets containers for lanes that have jobs waiting. */
export class Supply {
  private readonly backlog = new Set<PoolLane>();
  /** Lanes whose image is being got: what they want would take memory from others until it is there. */
  private readonly held = new Set<PoolLane>();
  private starved: readonly Need<PoolLane>[] = [];
  private readonly cold = new Map<string, number>();
  private readonly backOff = new WeakMap<PoolLane, number>();
  private planned = false;
  private ticking = false;
  private stopped = false;

  constructor(
    private readonly fleet: Fleet,
    private readonly prewarm: Prewarm,
    private readonly counters: Counters,
    private readonly options: SupplyOptions,
  ) {}

  /** `lane` may have jobs waiting. */
  wanting(lane: PoolLane): void {
    if (lane.waiting === 0 || this.held.has(lane)) return;
    const { provide } = this.options;
    if (provide !== undefined && lane.live === 0) this.hold(lane, provide);
    else this.serve(lane);
  }

  private hold(lane: PoolLane, provide: NonNullable<SupplyOptions['provide']>): void {
    const { kind, image } = lane.executable;
    this.held.add(lane);
    provide(kind, image).then(
      () => {
        this.held.delete(lane);
        if (lane.waiting > 0) this.serve(lane);
      },
      failure => {
        this.held.delete(lane);
        this.counters.failures++;
        lane.failWaiting(failure, lane.waiting);
      },
    );
  }

  private serve(lane: PoolLane): void {
    this.backlog.add(lane);
    this.tick();
    if (this.planned || lane.full) return;
    if (this.want(lane, this.options.clock.now()) > 0) this.replan();
  }

  /** Memory was freed, or a container fell idle that could be evicted. */
  eased(): void {
    if (this.backlog.size > 0) this.replan();
  }

  /** Whether `container`, which has a slot free, is to give its memory to another lane. */
  givesWay(container: PooledContainer): boolean {
    const { lane, spec } = container;
    if (this.starved.length === 0 || lane === undefined) return false;
    const served = this.options.clock.now() - container.started;
    const holder = { memory: spec.memory, held: lane.held, served, cold: this.coldStart(spec.kind) };
    if (!yields(holder, this.starved)) return false;
    // Who is starved still, with that memory coming, the next plan tells: one need must not take several containers.
    this.starved = [];
    this.replan();
    return true;
  }

  learnCold(kind: string, ms: number): void {
    const known = this.cold.get(kind);
    this.cold.set(kind, known === undefined ? ms : known + (ms - known) * WEIGHT);
  }

  coldStart(kind: string): number {
    return this.cold.get(kind) ?? COLD;
  }

  /** No container could be made for `lane`. */
  failed(lane: PoolLane): void {
    this.backOff.set(lane, this.options.clock.now() + BACK_OFF);
  }

  stop(): void {
    this.stopped = true;
  }

  private want(lane: PoolLane, now: number): number {
    const load = lane.load(now);
    const { cores, scale } = this.options;
    if (load.hot + load.coming > 0 && (this.backOff.get(lane) ?? 0) > now) return 0;
    if (scale === 'eager') return wantedEagerly(load);
    return wanted(load, { cores, cold: this.costOf(lane) });
  }

  /** What it takes to get one container more. */
  private costOf({ executable }: PoolLane): number {
    const stem = stemKey(executable);
    for (const { lane, state, spec } of this.fleet.containers)
      if (lane === undefined && state.at === 'prewarmed' && stemKey(spec) === stem) return SPECIALISE;
    return this.coldStart(executable.kind);
  }

  /** Plans once the current turn's work is done: several lanes may have changed in it. */
  private replan(): void {
    if (this.planned || this.stopped) return;
    this.planned = true;
    queueMicrotask(() => {
      this.planned = false;
      this.carryOut();
    });
  }

  private tick(): void {
    if (this.ticking || this.stopped) return;
    this.ticking = true;
    this.options.clock.after(TICK, () => {
      this.ticking = false;
      const { cores } = this.options;
      for (const lane of this.backlog) lane.tick(TICK, { cores, cold: this.costOf(lane) });
      this.carryOut();
      if (this.backlog.size > 0) this.tick();
    });
  }

  private carryOut(): void {
    if (this.stopped) return;
    const now = this.options.clock.now();
    const needs = this.needs(now);
    if (needs.length === 0) {
      this.starved = [];
      return;
    }
    const { fleet, counters, prewarm } = this;
    const { free, coming } = fleet;
    const starts = AHEAD * (this.options.startsAtOnce?.() ?? Number.POSITIVE_INFINITY) - fleet.starting;
    const input = { now, needs, free, coming, starts, idle: fleet.idle(), cells: prewarm.cells() };
    const { decisions, starved } = plan(input);
    this.starved = starved;
    for (const decision of decisions) {
      if (decision.do === 'evict') {
        counters.evictions++;
        decision.container.dispatch({ on: 'evict' });
        continue;
      }
      const { lane } = decision;
      lane.spend(this.costOf(lane), now);
      if (decision.do === 'create') fleet.make(lane.executable, lane);
      else {
        decision.container.origin = 'prewarmed';
        lane.attach(decision.container);
      }
      prewarm.demanded(lane.executable);
    }
  }

  private needs(now: number): Need<PoolLane>[] {
    const needs: Need<PoolLane>[] = [];
    const held = new Map<string, number>();
    for (const lane of this.backlog) {
      if (lane.waiting === 0) {
        this.backlog.delete(lane);
        continue;
      }
      const count = this.want(lane, now);
      if (count === 0) continue;
      if (held.size === 0) this.heldByNamespace(held);
      const { executable, moved } = lane;
      const { namespace, memory } = executable;
      needs.push({
        lane,
        count,
        memory,
        held: lane.held,
        namespace,
        namespaceHeld: held.get(namespace) ?? 0,
        since: moved,
        stem: stemKey(executable),
      });
    }
    return needs;
  }

  private heldByNamespace(held: Map<string, number>): void {
    for (const { lane, spec } of this.fleet.containers) {
      if (lane === undefined) continue;
      const { namespace } = lane.executable;
      held.set(namespace, (held.get(namespace) ?? 0) + spec.memory);
    }
  }
}
