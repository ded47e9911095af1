import { PooledContainer, type Surroundings } from './container.js';
import type { Driver } from './driver.js';
import type { PoolLane } from './pool-lane.js';
import type { Cell, Idle } from './schedule.js';

export interface FleetOptions {
  /** MB that all containers may hold together. */
  readonly memory: number;
  /** Chooses the driver; rejects with the reason when none can serve the kind. */
  pick(kind: string, image: string): Promise<Driver>;
  /** Begins every container's name, e.g. `wsk0`. */
  readonly namePrefix: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Environment of new containers: `__OW_API_HOST` … */
  env(kind: string): Readonly<Record<string, string>>;
}

/** What a container is made for, before it belongs to an action. */
export interface Stem {
  readonly kind: string;
  readonly image: string;
  readonly memory: number;
}

/** Containers of equal stem can stand in for each other until they are initialised. */
export const stemKey = ({ kind, image, memory }: Stem): string => `${kind} ${image} ${memory}`;

const plain = (part: string): string => part.replaceAll(/\W/g, '');

/** OpenWhisk's: relative to all memory there is (OPENWHISK.md 5.5). */
const cpuShares = (memory: number, total: number): number => Math.max(2, Math.floor((1024 * memory) / total));

export type StemCell = Omit<Cell<PooledContainer>, 'spare'>;

/** All containers there are, and the memory they hold from the moment they are asked for until they are gone. */
export class Fleet {
  readonly containers = new Set<PooledContainer>();
  private count = 0;
  used = 0;
  /** The most that was used at a time. */
  peak = 0;
  /** Containers that the engine makes now. */
  starting = 0;

  constructor(
    private readonly options: FleetOptions,
    private readonly around: Surroundings,
  ) {}

  get free(): number {
    return this.options.memory - this.used;
  }

  get total(): number {
    return this.options.memory;
  }

  /** Memory of containers on their way out. */
  get coming(): number {
    let memory = 0;
    for (const { state, spec } of this.containers)
      if (state.at === 'removing' || state.at === 'aborting' || state.at === 'draining') memory += spec.memory;
    return memory;
  }

  /** Whether containers are being made or initialised that jobs wait for. */
  get startingForJobs(): boolean {
    for (const { lane, state } of this.containers)
      if (lane !== undefined && (state.at === 'starting' || state.at === 'initializing')) return true;
    return false;
  }

  /** Asks for a container, for `lane` or as a stem cell. Its memory must be free. */
  make(stem: Stem, lane?: PoolLane): PooledContainer {
    const { kind, image, memory } = stem;
    const { options } = this;
    const action = lane?.executable;
    const owner = action === undefined ? ['prewarm', kind] : [action.namespace, action.path.split('/').at(-1) ?? ''];
    const spec = {
      name: [options.namePrefix, ++this.count, ...owner.map(plain)].join('_'),
      kind,
      image,
      memory,
      env: options.env(kind),
      labels: action === undefined ? options.labels : { ...options.labels, 'miniwhisk.action': action.path },
      cpuShares: cpuShares(memory, options.memory),
    };
    const container = new PooledContainer(spec, () => options.pick(kind, image), this.around);
    this.containers.add(container);
    this.used += memory;
    this.peak = Math.max(this.peak, this.used);
    this.starting++;
    lane?.attach(container);
    void container.create();
    return container;
  }

  /** Its memory is free again. */
  release(container: PooledContainer): void {
    if (this.containers.delete(container)) this.used -= container.spec.memory;
  }

  /** What may be evicted: containers of actions that have no job, and will not get one that waits now. */
  idle(): Idle<PooledContainer>[] {
    const idle = [];
    for (const container of this.containers)
      if (container.lane !== undefined && container.idle && (container.lane.waiting === 0 || container.lane.saturated))
        idle.push({ container, memory: container.spec.memory, lastUsed: container.lastUsed });
    return idle;
  }

  /** Stem cells, those on their way included, oldest first. */
  cells(): StemCell[] {
    const cells: StemCell[] = [];
    for (const container of this.containers) {
      const { state, spec, lastUsed, lane } = container;
      if (lane !== undefined || (state.at !== 'prewarmed' && state.at !== 'starting')) continue;
      const started = state.at === 'prewarmed';
      cells.push({ container, memory: spec.memory, lastUsed, stem: stemKey(spec), started });
    }
    return cells;
  }
}
