import type { PooledContainer } from './container.js';
import type { PoolLane } from './pool-lane.js';
import type { StateName } from './state.js';

/** Plain counts since the pool was made. Waits in ms. */
export interface Counters {
  cold: number;
  prewarmed: number;
  warm: number;
  paused: number;
  /** Containers removed to make room, or to let another action have their memory. */
  evictions: number;
  /** Jobs that a container did not take and that went to another one. */
  requeues: number;
  /** Containers that could not be made. */
  failures: number;
  /** Jobs that left the queue, their waits together, and the longest. */
  taken: number;
  waited: number;
  longestWait: number;
}

export const newCounters = (): Counters => ({
  cold: 0,
  prewarmed: 0,
  warm: 0,
  paused: 0,
  evictions: 0,
  requeues: 0,
  failures: 0,
  taken: 0,
  waited: 0,
  longestWait: 0,
});

export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly state: StateName;
  readonly kind: string;
  readonly memory: number;
  /** Absent on stem cells. `path` is `ns/[pkg/]name`. */
  readonly namespace?: string;
  readonly path?: string;
  /** ms since it was asked for, and since it was used last. */
  readonly age: number;
  readonly idle: number;
  readonly uses: number;
}

export interface PoolStats {
  /** MB: all there is, what containers hold, and the most they held at a time since the server started. */
  readonly memory: { readonly total: number; readonly used: number; readonly peak: number };
  readonly containers: readonly ContainerStats[];
  readonly counters: Readonly<Counters>;
  readonly queue: {
    readonly waiting: number;
    readonly running: number;
    readonly lanes: readonly { readonly path: string; readonly namespace: string; readonly waiting: number }[];
  };
}

interface Source {
  readonly now: number;
  readonly fleet: PoolStats['memory'] & { readonly containers: Iterable<PooledContainer> };
  readonly lanes: Iterable<PoolLane>;
  readonly counters: Counters;
  readonly waiting: number;
  readonly running: number;
}

export const snapshot = (source: Source): PoolStats => {
  const { now } = source;
  const { total, used, peak } = source.fleet;
  const containers = [...source.fleet.containers].map(c => ({
    id: c.id,
    name: c.spec.name,
    driver: c.driver ?? '',
    state: c.state.at,
    kind: c.spec.kind,
    memory: c.spec.memory,
    ...(c.lane !== undefined && { namespace: c.lane.executable.namespace, path: c.lane.executable.path }),
    age: now - c.created,
    idle: now - c.lastUsed,
    uses: c.uses,
  }));
  const lanes = [...source.lanes].map(lane => ({
    path: lane.executable.path,
    namespace: lane.executable.namespace,
    waiting: lane.waiting,
  }));
  return {
    memory: { total, used, peak },
    containers,
    counters: { ...source.counters },
    queue: { waiting: source.waiting, running: source.running, lanes },
  };
};
