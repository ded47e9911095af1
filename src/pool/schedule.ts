import type { StateName } from './state.js';

/** The choices of the pool, as pure functions over plain data. Memory in MB, times in ms. */

/** What `choose` looks at. */
export interface Candidate {
  readonly state: { readonly at: StateName };
  /** How many jobs it can take now. */
  readonly free: number;
  readonly lastUsed: number;
}

const RANK: Partial<Record<StateName, number>> = { running: 0, ready: 1, pausing: 3, paused: 2, prewarmed: 4 };

/**
 * The container for the next job of its action: hot (running, with a free slot), then warm, paused, prewarmed. Among
 * equals the one used last, so that those not needed grow idle. Undefined when none has a free slot.
 */
export const choose = <C extends Candidate>(containers: Iterable<C>): C | undefined => {
  let best: C | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const container of containers) {
    if (container.free < 1) continue;
    const rank = RANK[container.state.at] ?? Number.POSITIVE_INFINITY;
    if (rank < bestRank || (rank === bestRank && best !== undefined && container.lastUsed > best.lastUsed)) {
      best = container;
      bestRank = rank;
    }
  }
  return best;
};

/** A lane (one executable) that has jobs waiting and wants `count` containers more. */
export interface Need<L> {
  readonly lane: L;
  readonly count: number;
  readonly memory: number;
  /** Memory its containers hold, and those of its whole namespace. */
  readonly held: number;
  readonly namespace: string;
  readonly namespaceHeld: number;
  /** Epoch ms since which it waits without a job of its being taken. */
  readonly since: number;
  /** Containers of the same `stem` may be specialised for it. */
  readonly stem: string;
}

/** A container that holds no job. A stem cell has no lane yet. */
export interface Idle<C> {
  readonly container: C;
  readonly memory: number;
  readonly lastUsed: number;
}

export interface Cell<C> extends Idle<C> {
  readonly stem: string;
  readonly started: boolean;
  /** Beyond what the manifest asks for: its memory is for every lane. */
  readonly spare: boolean;
}

export interface PlanInput<L, C> {
  readonly now: number;
  /** Memory that nothing holds. */
  readonly free: number;
  /** Memory of containers that are being removed. */
  readonly coming: number;
  /** How many containers more the engine will make soon. */
  readonly starts: number;
  readonly needs: readonly Need<L>[];
  readonly idle: readonly Idle<C>[];
  readonly cells: readonly Cell<C>[];
}

export type Decision<L, C> =
  | { readonly do: 'adopt'; readonly lane: L; readonly container: C }
  | { readonly do: 'create'; readonly lane: L }
  | { readonly do: 'evict'; readonly container: C };

export interface Plan<L, C> {
  readonly decisions: readonly Decision<L, C>[];
  /** Lanes that need memory which only busy containers hold: these give way as they finish a job. */
  readonly starved: readonly Need<L>[];
}

/** After so long without any progress a lane's claim to memory stands before every younger one. */
const PATIENCE = 1000;

/** A need while the plan is made: what it was given so far counts as held. */
type Claim<L> = { need: Need<L>; count: number; held: number; namespaceHeld: number };

const before = <L>(a: Claim<L>, b: Claim<L>): number =>
  Number(a.held > 0) - Number(b.held > 0) ||
  a.namespaceHeld - b.namespaceHeld ||
  a.held - b.held ||
  a.need.since - b.need.since;

/**
 * Gives memory to lanes one container at a time: those that hold nothing first, then the smallest namespace, the
 * smallest lane, the longest wait. A stem cell comes before new memory, new memory before evicting the container that
 * was idle longest. The manifest's stem cells are evicted only for lanes that hold nothing. Nothing is evicted for a
 * container whose turn at the engine is far: until then the old one can serve. Never plans for more memory than there is.
 */
export const plan = <L, C>(input: PlanInput<L, C>): Plan<L, C> => {
  const decisions: Decision<L, C>[] = [];
  const starved: Need<L>[] = [];
  let idle = [...input.idle].sort((a, b) => a.lastUsed - b.lastUsed);
  let cells = [...input.cells];
  let { free, coming, starts } = input;

  const byNamespace = new Map<string, number>();
  const claims: Claim<L>[] = input.needs.map(need => {
    byNamespace.set(need.namespace, need.namespaceHeld);
    return { need, count: need.count, held: need.held, namespaceHeld: need.namespaceHeld };
  });

  /** Takes memory for `claim`: at once, or out of what is coming, evicting as needed. */
  const provide = ({ need, held }: Claim<L>): 'now' | 'later' | 'not yet' | 'never' => {
    if (need.memory <= free) {
      free -= need.memory;
      return 'now';
    }
    const victims: Idle<C>[] = [];
    let found = free + coming;
    const give = (from: readonly Idle<C>[]): void => {
      for (const victim of from) {
        if (found >= need.memory) return;
        found += victim.memory;
        victims.push(victim);
      }
    };
    give(idle);
    give(cells.filter(cell => cell.started && cell.spare));
    if (held === 0) give(cells.filter(cell => cell.started && !cell.spare));
    if (found < need.memory) return 'never';
    if (victims.length > 0 && starts <= 0) return 'not yet';
    idle = idle.filter(one => !victims.includes(one));
    cells = cells.filter(one => !victims.includes(one));
    for (const { container } of victims) decisions.push({ do: 'evict', container });
    // What was evicted beyond the need stays as coming memory for the next claim.
    coming = found - need.memory;
    free = 0;
    return 'later';
  };

  const least = Math.min(...claims.map(claim => claim.need.memory));
  while (claims.length > 0) {
    if (free + coming < least && idle.length === 0 && cells.length === 0) {
      starved.push(...claims.map(claim => claim.need));
      break;
    }
    claims.sort(before);
    const claim = claims[0]!;
    const { need } = claim;
    const drop = (): void => void claims.shift();
    const cell = takeCell(cells, need.stem);
    if (cell !== undefined) decisions.push({ do: 'adopt', lane: need.lane, container: cell.container });
    else {
      const got = provide(claim);
      if (got === 'never') {
        starved.push(need);
        // Old claims keep what there is together until it suffices; a young one lets others use it meanwhile.
        if (input.now - need.since >= PATIENCE && claim.held === 0) {
          const reserved = Math.min(free, need.memory);
          free -= reserved;
          coming = Math.max(0, coming - (need.memory - reserved));
        }
      }
      if (got === 'never' || got === 'not yet') {
        drop();
        continue;
      }
      if (got === 'now') decisions.push({ do: 'create', lane: need.lane });
      starts--;
    }
    claim.count--;
    claim.held += need.memory;
    const held = (byNamespace.get(need.namespace) ?? 0) + need.memory;
    byNamespace.set(need.namespace, held);
    for (const other of claims) if (other.need.namespace === need.namespace) other.namespaceHeld = held;
    if (claim.count === 0) drop();
  }
  return { decisions, starved };
};

/** Started cells first, the oldest of them; else one that is on its way. */
const takeCell = <C>(cells: Cell<C>[], stem: string): Cell<C> | undefined => {
  let at = cells.findIndex(cell => cell.stem === stem && cell.started);
  if (at < 0) at = cells.findIndex(cell => cell.stem === stem);
  return at < 0 ? undefined : cells.splice(at, 1)[0];
};

/** The lane whose container has just finished a job and could go. */
export interface Holder {
  readonly memory: number;
  readonly held: number;
  /** How long the container has served, and how long its like takes to start. */
  readonly served: number;
  readonly cold: number;
}

/**
 * Whether a container that has just become free goes, although its own lane has jobs waiting, so that a starved lane
 * gets its memory: yes for a lane that has nothing, and between two that have something as long as the giver stays at
 * least as large as the taker. A container first serves as long as it took to start; else two lanes that share one
 * container's memory would do nothing but start containers.
 */
export const yields = (holder: Holder, starved: readonly Need<unknown>[]): boolean =>
  holder.served >= holder.cold &&
  starved.some(need => need.held === 0 || holder.held - holder.memory >= need.held + need.memory);
