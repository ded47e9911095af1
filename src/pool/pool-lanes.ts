import type { Executable } from './job.js';
import { type LaneOwner, PoolLane } from './pool-lane.js';

/** The lanes that have something to do, by their executable's key. */
export class Lanes {
  private readonly byKey = new Map<string, PoolLane>();

  constructor(private readonly owner: LaneOwner) {}

  values(): Iterable<PoolLane> {
    return this.byKey.values();
  }

  /** Made when there is none. */
  of(executable: Executable): PoolLane {
    let lane = this.byKey.get(executable.key);
    if (lane === undefined) {
      lane = new PoolLane(executable, this.owner);
      this.byKey.set(executable.key, lane);
    }
    return lane;
  }

  /** Those of the action at `path`, or of the actions in the package. */
  at(path: string): PoolLane[] {
    return [...this.values()].filter(
      ({ executable }) => executable.path === path || executable.path.startsWith(`${path}/`),
    );
  }

  /** Only when nothing is left in it. */
  forget(lane: PoolLane): void {
    if (lane.empty && this.byKey.get(lane.executable.key) === lane) this.byKey.delete(lane.executable.key);
  }
}
