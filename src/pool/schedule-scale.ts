/**
 * How many containers a lane should have: the rule behind `--scale`. Times in ms.
 *
 * Waiting for a hot container costs time; starting one costs a cold start. Short calls of one action gain nothing from
 * more containers than cores, and lose by switching between them: they are held to the cores even when there are more.
 * Otherwise a container is started when
 *  - a waiting call would get one later than a new container could be there, or
 *  - the calls taken so far have waited as long, all together, as a cold start takes (rent, until buying is cheaper),
 * and no further when calls take the longer the more containers run, which is what too few cores look like. A call that
 * keeps its container busy is at least as long as it already runs: a lane where nothing moves is scaled out, whatever
 * its history says.
 */
export interface LaneLoad {
  /** Jobs waiting. */
  readonly waiting: number;
  /** Containers that are initialised and serve the lane. */
  readonly hot: number;
  /** Containers on their way to it: starting, initialising, resuming. */
  readonly coming: number;
  /** Jobs a container runs at once. */
  readonly concurrency: number;
  /** Most containers that the action may have. */
  readonly instances?: number;
  /** What a call takes when the machine is not crowded. Undefined before the first one ended. */
  readonly base?: number;
  /** What calls take now. */
  readonly recent?: number;
  /** For how much of that the server has nothing to do: it waits for the container, not the other way round. */
  readonly awaited?: number;
  /** How many calls say so, counted up to `ENOUGH`. */
  readonly seen?: number;
  /** For how long no job of this lane was taken and none ended, as far as the server itself was not held up. */
  readonly stalled: number;
  /** What calls have waited for hot containers, less what was already spent on starting some. */
  readonly debt: number;
}

export interface Machine {
  readonly cores: number;
  /** What it takes until a new container of this kind is hot. */
  readonly cold: number;
}

/** Calls shorter than this gain nothing from more containers than cores: switching between them costs as much. */
const SHORT = 5;
/** Below this share of the speed that a call has by itself, another container takes from the others what it gives. */
const CROWDED = 0.5;
/** The first call of an action that takes longer is no slow start but a long call. */
const FIRST_CALL = 30;
/** A lane stands still when nothing moved for so many of its usual calls. */
const USUAL_CALLS = 10;
/** The first of many short calls take several times as long as the later ones: the code is being compiled. */
const ENOUGH = 8;
/** With another container the calls that are left when it is there take half their time: that must be worth its start. */
const WORTH = 3;
/** Cores that the server and whoever calls it use. */
const OTHERS = 2;

/** OpenWhisk's rule: a container for every waiting activation. */
export const wantedEagerly = (load: LaneLoad): number =>
  Math.max(0, Math.min(Math.ceil(load.waiting / load.concurrency) - load.coming, room(load)));

const room = (load: LaneLoad): number => (load.instances ?? Number.POSITIVE_INFINITY) - load.hot - load.coming;

type Progress = Pick<LaneLoad, 'hot' | 'base' | 'recent' | 'stalled'>;

/** How long the lane stands still, when that tells more than its history; else 0. */
const blocked = ({ hot, recent, stalled }: Progress, cold: number): number => {
  const patience = recent === undefined ? FIRST_CALL : Math.max(FIRST_CALL, cold, recent * USUAL_CALLS);
  return hot > 0 && stalled >= patience ? stalled : 0;
};

/** How many containers may run calls of the lane at the same time. */
export const mostBusy = (load: Progress, { cores, cold }: Machine): number =>
  load.base !== undefined && load.base < SHORT && blocked(load, cold) === 0 ? cores : Number.POSITIVE_INFINITY;

/**
 * Whether a start, which takes a core about as long as it lasts, takes it from short calls: from the server, its callers and
 * the containers there are. So calls that come all at once must not buy one that is there when they are over: what they
 * wait counts by the time that has gone by, not for each of them; what they will take, only as far as the server waits for
 * it; and both must be worth `WORTH` starts. Calls that go on get their container a little later, and gain a tenth by it.
 */
export const scarce = (load: Progress, machine: Machine): boolean =>
  mostBusy(load, machine) === machine.cores && load.hot + OTHERS >= machine.cores;

/** The predictive rule. Pure; at least 1 for a lane that has jobs waiting and no container. */
export const wanted = (load: LaneLoad, machine: Machine): number => {
  const { waiting, hot, coming, concurrency, debt } = load;
  const { cores, cold } = machine;
  const have = hot + coming;
  const most = Math.min(Math.ceil(waiting / concurrency) - coming, room(load));
  if (waiting === 0 || most <= 0) return 0;
  const stalled = blocked(load, cold);
  const base = Math.max(load.base ?? 0, stalled);
  const recent = Math.max(load.recent ?? 0, stalled);
  const least = have === 0 ? 1 : 0;

  // The n-th waiting call gets a hot container after n × recent / slots: those that come too late get one of their own.
  const dear = scarce(load, machine);
  const patience = dear ? cold * WORTH : cold;
  const each = dear ? (load.awaited ?? recent) : recent;
  const inTime = each > 0 ? Math.floor((Math.max(1, hot) * concurrency * patience) / each) : Number.POSITIVE_INFINITY;
  const known = base >= FIRST_CALL || (load.seen ?? ENOUGH) >= ENOUGH;
  const late = known ? Math.ceil((waiting - coming * concurrency - inTime) / concurrency) : 0;
  // No more at once than there are: what they bring shows before the next are bought.
  const paid = Math.min(Math.floor(debt / Math.max(1, patience)), Math.max(1, hot) - coming);

  const crowded = have >= cores && base < recent * CROWDED;
  const limit = crowded ? 0 : Math.min(most, mostBusy(load, machine) - have);
  return Math.max(least, Math.min(Math.max(late, paid), limit));
};

/** How the length of a lane's calls is learnt. */
export interface Pace {
  readonly base: number;
  readonly recent: number;
  readonly awaited: number;
  readonly seen: number;
}

const RECENT_WEIGHT = 0.2;
/** Of one of the first `ENOUGH`, each quicker than those before. */
const FIRST_WEIGHT = 0.5;
/** `base` goes by the middle of the calls, not their mean: a few that were held up do not count for many that were not. */
const STEP = 1.05;
const LEAP = 1.3;
const FAR = 4;
const LEAST = 0.05;
/** What stands for a call's length after a first one that may just have started slowly: some long ones more tell. */
const UNKNOWN = SHORT / 2;

/** One call, as it looked from the server. */
export interface Seen {
  readonly took: number;
  /** For how much of that time the server had nothing to do: the answer had not come yet. */
  readonly idle: number;
  /** Calls that ran in the whole pool when it began, itself included, and containers that were being started. */
  readonly parallel: number;
}

/**
 * Takes in a call that has ended. By itself it would have taken between `took` (it waited for something else than a core)
 * and the part of it in which the server would have seen its end, × `cores / parallel` (everybody used a core all the
 * time): `base` moves only when it is outside of these.
 */
export const learn = (pace: Pace | undefined, { took, idle, parallel }: Seen, cores: number): Pace => {
  const own = Math.min(took, idle);
  const low = own * Math.min(1, cores / Math.max(1, parallel));
  if (pace === undefined) {
    const base = took < FIRST_CALL ? Math.max(LEAST, Math.min(took, UNKNOWN)) : took;
    return { base, recent: took, awaited: own, seen: 1 };
  }
  const { base } = pace;
  const seen = Math.min(ENOUGH, pace.seen + 1);
  const weight = seen < ENOUGH && took < pace.recent ? FIRST_WEIGHT : RECENT_WEIGHT;
  const recent = pace.recent + (took - pace.recent) * weight;
  const awaited = pace.awaited + (own - pace.awaited) * weight;
  if (base < low) {
    const far = seen < ENOUGH || low > base * FAR;
    return { base: Math.min(low, base * (far ? LEAP : STEP)), recent, awaited, seen };
  }
  const slower = base > took ? Math.max(LEAST, took, base / (took < base / FAR ? LEAP : STEP)) : base;
  return { base: slower, recent, awaited, seen };
};
