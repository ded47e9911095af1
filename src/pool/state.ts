/**
 * One container's life as data. `transition` is pure and total: an event that means nothing in a state changes nothing.
 *
 *   starting ──started──► prewarmed ──assign──► initializing ──initDone──► running ◄──assign── ready
 *      │                                                                   │  ▲                 │ ▲
 *      └─startFailed─► removed                                  all settled└──┼────────────────►┘ │
 *   aborting (evicted while starting) ─► removing                             │resumed            │grace
 *                                                                          resuming ◄─assign─ paused ◄─ pausing
 *   any ──died──► removing ──gone──► removed        running ──failed──► draining ──all settled──► removing
 *
 * Invariants (test/pool/state.test.ts, random event orders): a job that was assigned leaves in exactly one `reply` or
 * `requeue`; `free` comes exactly once; nothing leaves `removed`.
 */
export type State<J> =
  /** The driver is making it. */
  | { readonly at: 'starting' }
  /** As `starting`, but nobody wants it any more. */
  | { readonly at: 'aborting' }
  /** It runs and belongs to no action yet, or to one that has not been initialised. */
  | { readonly at: 'prewarmed' }
  | { readonly at: 'initializing'; readonly job: J }
  | { readonly at: 'ready' }
  /** `settling` jobs have had their reply, while their logs are still being read. */
  | { readonly at: 'running'; readonly jobs: readonly J[]; readonly settling: number }
  /** As `running`, but it takes nothing more and is removed after the last job. */
  | { readonly at: 'draining'; readonly jobs: readonly J[]; readonly settling: number }
  | { readonly at: 'pausing'; readonly job?: J }
  | { readonly at: 'paused' }
  | { readonly at: 'resuming'; readonly job: J }
  | { readonly at: 'removing'; readonly jobs: readonly J[] }
  | { readonly at: 'removed' };

export type StateName = State<unknown>['at'];

export type Event<J> =
  | { readonly on: 'started' | 'startFailed' | 'grace' | 'paused' | 'pauseFailed' | 'resumed' | 'resumeFailed' }
  | { readonly on: 'assign'; readonly job: J }
  | { readonly on: 'initDone'; readonly job: J }
  /** /run answered and the container may be used again. */
  | { readonly on: 'done'; readonly job: J }
  /** /init or /run answered in a way that ends the container; its logs are still to come. */
  | { readonly on: 'failed'; readonly job: J }
  /** The call timed out or its connection broke: nothing more comes from it. */
  | { readonly on: 'broken'; readonly job: J }
  /** The container did not take the job (it was never sent, or /run said 503): another one may. */
  | { readonly on: 'refused'; readonly job: J }
  /** The logs of a job that is `done` or `failed` are read. */
  | { readonly on: 'settled' }
  /** Policy wants it gone: at once while it holds no job, and not at all while it does. */
  | { readonly on: 'evict' }
  /** As `evict`, but one that runs jobs goes after the last of them. */
  | { readonly on: 'retire' }
  /** It ended by itself, or must end now whatever it holds. */
  | { readonly on: 'died' }
  /** The engine says that it is gone (or never answered). */
  | { readonly on: 'gone' };

export type Effect<J> =
  | { readonly do: 'pause' | 'resume' | 'remove' | 'free' }
  | { readonly do: 'init' | 'run' | 'reply' | 'requeue'; readonly job: J };

export interface Step<J> {
  readonly state: State<J>;
  readonly effects: readonly Effect<J>[];
}

const NONE: readonly never[] = [];
const READY = { at: 'ready' } as const;
const REMOVE = { do: 'remove' } as const;
const REMOVING = { at: 'removing', jobs: NONE } as const;

const stay = <J>(state: State<J>): Step<J> => ({ state, effects: NONE });
const move = <J>(state: State<J>, ...effects: Effect<J>[]): Step<J> => ({ state, effects });
const run = <J>(jobs: readonly J[], settling: number, job: J): Step<J> => ({
  state: { at: 'running', jobs: [...jobs, job], settling },
  effects: [{ do: 'run', job }],
});
const remove = <J>(jobs: readonly J[], ...effects: Effect<J>[]): Step<J> => ({
  state: jobs.length === 0 ? REMOVING : { at: 'removing', jobs },
  effects: [...effects, REMOVE],
});

/** The container takes nothing more; it goes when nothing is left in it. */
const drain = <J>(jobs: readonly J[], settling: number, effect: Effect<J>): Step<J> =>
  jobs.length === 0 && settling === 0 ? remove(NONE, effect) : move({ at: 'draining', jobs, settling }, effect);

const busy = <J>(state: State<J> & { at: 'running' | 'draining' }, event: Event<J>): Step<J> => {
  switch (event.on) {
    case 'assign':
      return state.at === 'running' ? run(state.jobs, state.settling, event.job) : stay(state);
    case 'settled': {
      const settling = state.settling - 1;
      if (settling < 0) return stay(state);
      if (state.jobs.length > 0 || settling > 0) return stay({ ...state, settling });
      return state.at === 'running' ? stay(READY) : remove(NONE);
    }
    case 'died':
      return remove(state.jobs);
    case 'retire':
      return stay(state.at === 'running' ? { ...state, at: 'draining' } : state);
    case 'done':
    case 'failed':
    case 'broken':
    case 'refused': {
      if (!state.jobs.includes(event.job)) return stay(state);
      const jobs = state.jobs.filter(job => job !== event.job);
      const effect: Effect<J> = { do: event.on === 'refused' ? 'requeue' : 'reply', job: event.job };
      const settling = state.settling + (event.on === 'done' || event.on === 'failed' ? 1 : 0);
      if (event.on === 'done') return move({ at: state.at, jobs, settling }, effect);
      // The logs of a broken call end only with the container, so it must not wait for them.
      return drain(jobs, settling, effect);
    }
    default:
      return stay(state);
  }
};

const initializing = <J>(state: State<J> & { at: 'initializing' }, event: Event<J>): Step<J> => {
  const { job } = state;
  if (event.on === 'died') return remove([job]);
  if (!('job' in event) || event.job !== job) return stay(state);
  switch (event.on) {
    case 'initDone':
      return run(NONE, 0, job);
    case 'failed':
      return drain<J>(NONE, 1, { do: 'reply', job });
    case 'broken':
      return remove<J>(NONE, { do: 'reply', job });
    case 'refused':
      return remove<J>(NONE, { do: 'requeue', job });
    default:
      return stay(state);
  }
};

const removing = <J>(state: State<J> & { at: 'removing' }, event: Event<J>): Step<J> => {
  switch (event.on) {
    case 'gone':
      // No answer can come any more: whoever carries out `reply` reports a broken connection.
      return move({ at: 'removed' }, ...state.jobs.map(job => ({ do: 'reply', job }) as const), { do: 'free' });
    case 'done':
    case 'failed':
    case 'broken':
    case 'refused': {
      if (!state.jobs.includes(event.job)) return stay(state);
      const jobs = state.jobs.filter(job => job !== event.job);
      return move({ at: 'removing', jobs }, { do: event.on === 'refused' ? 'requeue' : 'reply', job: event.job });
    }
    default:
      return stay(state);
  }
};

/** What `event` makes of a container in `state`, and what is then to be done, in order. */
export const transition = <J>(state: State<J>, event: Event<J>): Step<J> => {
  const ends = event.on === 'evict' || event.on === 'retire' || event.on === 'died';
  switch (state.at) {
    case 'starting':
      if (event.on === 'started') return stay({ at: 'prewarmed' });
      if (event.on === 'startFailed') return move({ at: 'removed' }, { do: 'free' });
      return ends ? stay({ at: 'aborting' }) : stay(state);
    case 'aborting':
      if (event.on === 'started') return remove(NONE);
      return event.on === 'startFailed' ? move({ at: 'removed' }, { do: 'free' }) : stay(state);
    case 'prewarmed':
      if (event.on === 'assign')
        return move({ at: 'initializing', job: event.job }, { do: 'init', job: event.job } as const);
      return ends ? remove(NONE) : stay(state);
    case 'initializing':
      return initializing(state, event);
    case 'ready':
      if (event.on === 'assign') return run(NONE, 0, event.job);
      if (event.on === 'grace') return move({ at: 'pausing' }, { do: 'pause' });
      return ends ? remove(NONE) : stay(state);
    case 'running':
    case 'draining':
      return busy(state, event);
    case 'pausing': {
      const { job } = state;
      if (event.on === 'assign') return job === undefined ? stay({ at: 'pausing', job: event.job }) : stay(state);
      if (event.on === 'paused')
        return job === undefined ? stay({ at: 'paused' }) : move({ at: 'resuming', job }, { do: 'resume' });
      if (job !== undefined && event.on !== 'died' && event.on !== 'pauseFailed') return stay(state);
      if (!ends && event.on !== 'pauseFailed') return stay(state);
      return job === undefined ? remove(NONE) : remove<J>(NONE, { do: 'requeue', job });
    }
    case 'paused':
      if (event.on === 'assign') return move({ at: 'resuming', job: event.job }, { do: 'resume' });
      return ends ? remove(NONE) : stay(state);
    case 'resuming':
      if (event.on === 'resumed') return run(NONE, 0, state.job);
      if (event.on === 'resumeFailed' || event.on === 'died') return remove<J>(NONE, { do: 'requeue', job: state.job });
      return stay(state);
    case 'removing':
      return removing(state, event);
    case 'removed':
      return stay(state);
  }
};

/** How many more jobs a container in this state can be given now, when it runs `concurrency` at once. */
export const capacity = (state: State<unknown>, concurrency: number): number => {
  switch (state.at) {
    case 'ready':
      return concurrency;
    case 'running':
      return Math.max(0, concurrency - state.jobs.length - state.settling);
    case 'prewarmed':
    case 'paused':
      return 1;
    case 'pausing':
      return state.job === undefined ? 1 : 0;
    default:
      return 0;
  }
};

/** True while no job is in it and none can be lost by removing it. */
export const isIdle = (state: State<unknown>): boolean =>
  state.at === 'prewarmed' || state.at === 'ready' || state.at === 'paused' || (state.at === 'pausing' && !state.job);
