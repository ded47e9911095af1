import type { Clock } from '../clock.js';
import type { PooledContainer } from './container.js';
import { type Fleet, type Stem, stemKey } from './pool-fleet.js';
import { asked, type Burst, demand, learnt, noBurst, type StemCells } from './prewarm-demand.js';
import type { Cell } from './schedule.js';

export interface PrewarmOptions {
  readonly clock: Clock;
  readonly stemCells: readonly StemCells[];
  /** Keeps as many stem cells as the last bursts would have used, whatever the manifest says. */
  readonly adaptive: boolean;
  /** As `SupplyOptions.provide`: a cell whose image is still to be got would hold memory that others need. */
  provide?(kind: string, image: string): Promise<void>;
}

/** How often expired cells are looked for and the demand of reactive settings is counted anew, in ms. */
const CHECK = 60_000;
/** Foreground work first: a cell is started when no job's container is, or after so long anyway, in ms. */
const POLITE = 100;
const PATIENCE = 1000;
/** For how long an action that was created is expected to be called, in ms. */
const PREPARED_FOR = 600_000;
/** A kind whose cells cannot be started is left alone so long, in ms. */
const BACK_OFF = 60_000;

interface Kind {
  readonly stem: Stem;
  readonly manifest: StemCells[];
  /** Containers demanded since the last check, and how many cells the manifest asks for since then. */
  demanded: number;
  reactive: number;
  burst: Burst;
  /** An action that was prepared may come until then. */
  preparedUntil: number;
  notBefore: number;
  /** Its image was there when the last cell was asked for. */
  provided: boolean;
}

/** Keeps stem cells: containers that run and only wait for an action. One is started at a time, out of free memory. */
export class Prewarm {
  private readonly kinds = new Map<string, Kind>();
  private starting: PooledContainer | undefined;
  private waiting = false;
  private politeSince = 0;
  private stopped = false;

  constructor(
    private readonly fleet: Fleet,
    private readonly options: PrewarmOptions,
  ) {
    for (const cells of options.stemCells) {
      const kind = this.kind(cells);
      kind.manifest.push(cells);
      kind.reactive += asked(cells, 'start', 0);
    }
    if (this.kinds.size > 0) this.refill();
    this.check();
  }

  /** A job wanted a container of this stem that was not hot. */
  demanded(stem: Stem): void {
    if (this.stopped) return;
    const kind = this.kind(stem);
    kind.demanded++;
    kind.burst = demand(kind.burst, this.options.clock.now());
    this.refill();
  }

  /** A job of this stem is likely to come soon: one cell is kept for it, however many actions of that stem are prepared. */
  prepare(stem: Stem): void {
    if (this.stopped) return;
    this.kind(stem).preparedUntil = this.options.clock.now() + PREPARED_FOR;
    this.refill(0);
  }

  /** Something happened to a container: perhaps to the cell that is being started. */
  changed(container: PooledContainer): void {
    if (container !== this.starting || container.state.at === 'starting') return;
    this.starting = undefined;
    if (container.state.at === 'removed') this.failed(this.kind(container.spec));
    this.refill();
  }

  /** Memory was freed. */
  eased(): void {
    if (this.kinds.size > 0) this.refill();
  }

  /** All stem cells. Those beyond what the manifest asks for are `spare`: any action may have their memory. */
  cells(): Cell<PooledContainer>[] {
    const kept = new Map<string, number>();
    const newestFirst = this.fleet.cells().reverse();
    const cells = newestFirst.map(cell => {
      const before = kept.get(cell.stem) ?? 0;
      kept.set(cell.stem, before + 1);
      return { ...cell, spare: before >= (this.kinds.get(cell.stem)?.reactive ?? 0) };
    });
    return cells.reverse();
  }

  stop(): void {
    this.stopped = true;
  }

  private kind(stem: Stem): Kind {
    const key = stemKey(stem);
    let kind = this.kinds.get(key);
    if (kind === undefined) {
      const { kind: name, image, memory } = stem;
      kind = {
        stem: { kind: name, image, memory },
        manifest: [],
        demanded: 0,
        reactive: 0,
        burst: noBurst,
        preparedUntil: 0,
        notBefore: 0,
        provided: false,
      };
      this.kinds.set(key, kind);
    }
    return kind;
  }

  private wanted(kind: Kind, now: number): number {
    const prepared = kind.preparedUntil > now ? 1 : 0;
    return Math.max(kind.reactive, prepared, this.options.adaptive ? learnt(kind.burst, now) : 0);
  }

  /** Soon: what made the cell missing is at work just now. */
  private refill(after = POLITE): void {
    if (this.waiting || this.stopped || this.starting !== undefined) return;
    this.waiting = true;
    this.options.clock.after(after, () => {
      this.waiting = false;
      this.startOne();
    });
  }

  private startOne(): void {
    if (this.stopped || this.starting !== undefined) return;
    const now = this.options.clock.now();
    const kind = this.missing(now);
    if (kind === undefined) {
      this.politeSince = 0;
      return;
    }
    this.politeSince ||= now;
    if (this.fleet.startingForJobs && now - this.politeSince < PATIENCE) {
      this.refill();
      return;
    }
    this.politeSince = 0;
    const { provide } = this.options;
    if (provide !== undefined && !kind.provided) {
      this.provide(kind, provide);
      this.refill(0);
      return;
    }
    this.starting = this.fleet.make(kind.stem);
    this.starting.origin = 'prewarmed';
  }

  private provide(kind: Kind, provide: NonNullable<PrewarmOptions['provide']>): void {
    kind.notBefore = Number.POSITIVE_INFINITY;
    provide(kind.stem.kind, kind.stem.image)
      .then(
        () => {
          kind.provided = true;
          kind.notBefore = 0;
        },
        () => this.failed(kind),
      )
      .then(() => this.refill(0));
  }

  private failed(kind: Kind): void {
    kind.provided = false;
    kind.notBefore = this.options.clock.now() + BACK_OFF;
  }

  /** The kind that lacks most cells and fits into free memory; learnt ones take no more than half of the pool. */
  private missing(now: number): Kind | undefined {
    let found: Kind | undefined;
    let most = 0;
    const cells = this.fleet.cells();
    const held = cells.reduce((sum, cell) => sum + cell.memory, 0);
    for (const [key, kind] of this.kinds) {
      const { memory } = kind.stem;
      if (memory > this.fleet.free || kind.notBefore > now) continue;
      const have = cells.filter(cell => cell.stem === key).length;
      const lacks = this.wanted(kind, now) - have;
      if (lacks <= most || (have >= kind.reactive && held + memory > this.fleet.total / 2)) continue;
      found = kind;
      most = lacks;
    }
    return found;
  }

  private check(): void {
    this.options.clock.after(CHECK, () => {
      if (this.stopped) return;
      const now = this.options.clock.now();
      for (const [key, kind] of this.kinds) {
        kind.reactive = kind.manifest.reduce((sum, cells) => sum + asked(cells, 'later', kind.demanded), 0);
        kind.demanded = 0;
        this.trim(key, kind, now);
        if (kind.manifest.length === 0 && this.wanted(kind, now) === 0) this.kinds.delete(key);
      }
      this.refill();
      this.check();
    });
  }

  /** Removes cells past their time to live, and those beyond what is wanted, oldest first. */
  private trim(key: string, kind: Kind, now: number): void {
    const ttl = Math.min(...kind.manifest.map(cells => cells.reactive?.ttlMs ?? Number.POSITIVE_INFINITY));
    const cells = this.fleet.cells().filter(cell => cell.stem === key && cell.started);
    cells.sort((a, b) => a.lastUsed - b.lastUsed);
    let surplus = cells.length - this.wanted(kind, now);
    for (const { container, lastUsed } of cells) {
      if (surplus-- <= 0 && now - lastUsed < ttl) continue;
      container.dispatch({ on: 'evict' });
    }
  }
}
