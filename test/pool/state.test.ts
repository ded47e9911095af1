import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacity, type Effect, type Event, isIdle, type State, type Step, transition } from '../../src/pool/state.js';

const plain = [
  'started',
  'startFailed',
  'grace',
  'paused',
  'pauseFailed',
  'resumed',
  'resumeFailed',
  'settled',
  'evict',
  'retire',
  'died',
  'gone',
] as const;
const withJob = ['assign', 'initDone', 'done', 'failed', 'broken', 'refused'] as const;
const JOBS = 5;

const event: fc.Arbitrary<Event<number>> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...plain).map(on => ({ on })) },
  // Mostly the orderly course, so that deep states are reached often.
  { weight: 2, arbitrary: fc.constantFrom('started', 'grace', 'paused', 'resumed', 'settled').map(on => ({ on })) },
  {
    weight: 4,
    arbitrary: fc.record({ on: fc.constantFrom(...withJob), job: fc.nat(JOBS - 1) }),
  },
) as fc.Arbitrary<Event<number>>;

/** Plays events and counts what came of each job; job numbers are reused as fresh jobs once they have ended. */
class Play {
  state: State<number> = { at: 'starting' };
  freed = 0;
  private readonly owed = new Set<number>();

  constructor(private readonly concurrency: number) {}

  dispatch(event: Event<number>): void {
    if (event.on === 'assign') {
      // The pool assigns only where `capacity` says so, and a job to one container at a time.
      if (capacity(this.state, this.concurrency) < 1 || this.owed.has(event.job)) return;
      this.owed.add(event.job);
    }
    const before = this.state;
    const { state, effects } = transition(before, event);
    if (event.on === 'assign') expect(state).not.toBe(before);
    if (before.at === 'removed') expect(state).toBe(before);
    if (state === before) expect(effects).toEqual([]);
    this.state = state;
    for (const effect of effects) this.carryOut(effect);
    if (isIdle(state)) expect(this.owed.size).toBe(0);
    if (state.at === 'removed') expect(this.freed).toBe(1);
  }

  private carryOut(effect: Effect<number>): void {
    if (effect.do === 'free') this.freed++;
    if (effect.do === 'reply' || effect.do === 'requeue') expect(this.owed.delete(effect.job)).toBe(true);
    if (effect.do === 'init' || effect.do === 'run') expect(this.owed.has(effect.job)).toBe(true);
  }

  finish(): void {
    for (const on of ['died', 'started', 'died', 'gone', 'gone'] as const) this.dispatch({ on });
    expect(this.state.at).toBe('removed');
    expect(this.owed.size).toBe(0);
    expect(this.freed).toBe(1);
  }
}

describe('transition', () => {
  it('ends every job in exactly one reply or requeue and frees the memory once, whatever happens in which order', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (events, concurrency) => {
        const play = new Play(concurrency);
        for (const e of events) play.dispatch(e);
        play.finish();
      }),
      { numRuns: 10_000 },
    );
  });

  const course = (...events: Event<string>[]): { at: string; effects: string[] } => {
    let state: State<string> = { at: 'starting' };
    const effects: string[] = [];
    for (const e of events) {
      const step: Step<string> = transition(state, e);
      state = step.state;
      effects.push(
        ...step.effects.map((effect: Effect<string>) => ('job' in effect ? `${effect.do} ${effect.job}` : effect.do)),
      );
    }
    return { at: state.at, effects };
  };
  const a = 'a';
  const started = { on: 'started' } as const;
  const assign = (job: string): Event<string> => ({ on: 'assign', job });
  const ready: Event<string>[] = [
    started,
    assign(a),
    { on: 'initDone', job: a },
    { on: 'done', job: a },
    { on: 'settled' },
  ];

  it('replies before the logs are read and is ready after', () => {
    expect(course(...ready.slice(0, 4))).toEqual({ at: 'running', effects: ['init a', 'run a', 'reply a'] });
    expect(course(...ready).at).toBe('ready');
  });

  it('removes a container whose call failed once its logs are read, and one whose call broke at once', () => {
    const failed = course(...ready, assign('b'), { on: 'failed', job: 'b' });
    expect(failed).toMatchObject({ at: 'draining' });
    expect(failed.effects.slice(-1)).toEqual(['reply b']);
    expect(course(...ready, assign('b'), { on: 'broken', job: 'b' }).effects.slice(-2)).toEqual(['reply b', 'remove']);
  });

  it('lets the other calls of a shared container end before it goes', () => {
    const shared = course(...ready, assign('b'), assign('c'), { on: 'broken', job: 'b' });
    expect(shared.at).toBe('draining');
    expect(course(...ready, assign('b'), assign('c'), { on: 'broken', job: 'b' }, { on: 'done', job: 'c' }).at).toBe(
      'draining',
    );
  });

  it('gives a job to another container when resuming fails or the container dies before it', () => {
    const paused: Event<string>[] = [...ready, { on: 'grace' }, { on: 'paused' }, assign('b')];
    expect(course(...paused)).toMatchObject({ at: 'resuming' });
    expect(course(...paused, { on: 'resumeFailed' }).effects.slice(-2)).toEqual(['requeue b', 'remove']);
    expect(course(...paused, { on: 'died' }).effects.slice(-2)).toEqual(['requeue b', 'remove']);
  });

  it('answers what was running in a container that is gone', () => {
    const died = course(...ready, assign('b'), { on: 'died' }, { on: 'gone' });
    expect(died).toMatchObject({ at: 'removed' });
    expect(died.effects.slice(-3)).toEqual(['remove', 'reply b', 'free']);
  });

  it('removes a container that was evicted while it started, once it has', () => {
    expect(course({ on: 'evict' }).at).toBe('aborting');
    expect(course({ on: 'evict' }, started, { on: 'gone' }).effects).toEqual(['remove', 'free']);
    expect(course({ on: 'evict' }, { on: 'startFailed' }).effects).toEqual(['free']);
  });

  it('takes a job while pausing and resumes for it', () => {
    expect(
      course(...ready, { on: 'grace' }, assign('b'), { on: 'paused' }, { on: 'resumed' }).effects.slice(-3),
    ).toEqual(['pause', 'resume', 'run b']);
  });
});
