import type { Clock } from '../clock.js';
import type { Activation } from '../entities/types.js';
import { errorText, HttpError } from '../errors.js';
import type { Logger } from '../log.js';
import { http } from '../messages.js';
import { PassingMap } from '../passing-map.js';
import { type ActivationStore, type JournalStore, StoreUnavailable } from '../store/store.js';
import type { Invocation } from './invocation.js';
import { callText, recordText } from './journal-entry.js';
import type { Records } from './records.js';

/** A blocking call that still runs after so many ms is journaled too. */
const LATE = 20;
/** Between attempts while the store cannot be written, in ms. */
const RETRY = 500;

/** The server stops; the activation is in the journal and goes on at the next start. It leaves no record now. */
export class Stopped extends HttpError {
  constructor() {
    super(503, http.stopping);
  }
}

/** A call under way. Only composites have steps. */
interface Followed {
  readonly invocation: Invocation;
  readonly parent: Followed | undefined;
  /** Epoch ms. */
  readonly since: number;
  readonly steps: string[];
  latest: Followed | undefined;
  started: boolean;
  ended: boolean;
  journaled: boolean;
  /** Its entry is being committed; settles either way. While it is there, no further step begins. */
  pending: Promise<void> | undefined;
}

interface Parts {
  readonly journal: JournalStore;
  readonly activations: ActivationStore;
  readonly records: Records;
  readonly clock: Clock;
  readonly log: Logger;
}

export type Ledger = ReturnType<typeof createLedger>;

/** The call and the steps of it that are under way, outermost first. */
const chainOf = (root: Followed): Followed[] => {
  const chain = [root];
  for (let next = root.latest; next && !next.ended; next = next.latest) chain.push(next);
  return chain;
};

const rootOf = (followed: Followed): Followed => {
  let root = followed;
  while (root.parent) root = root.parent;
  return root;
};

/**
 * Decides what is in the journal and when. A call answered 202 is there before the answer leaves; a blocking call only when
 * it takes long, so that short ones cost nothing. Of a composite in the journal each step is there before it starts, and
 * the record of the step before it is on its way in the same transaction: replay (recover.ts) needs no more than that.
 */
export const createLedger = ({ journal, activations, records, clock, log }: Parts) => {
  const followed = new PassingMap<string, Followed>();
  /** Calls not journaled yet, oldest first. */
  const young = new PassingMap<string, Followed>();
  let armed = false;
  let stopping = false;

  const follow = (invocation: Invocation, parent?: Followed): Followed => {
    const one: Followed = {
      invocation,
      parent,
      since: clock.now(),
      steps: [],
      latest: undefined,
      started: false,
      ended: false,
      journaled: false,
      pending: undefined,
    };
    followed.set(invocation.id, one);
    return one;
  };

  const mark = (id: string): void => {
    try {
      journal.started(id);
    } catch (error) {
      // The run goes on: refusing it would lose what was accepted. Only a crash right now could run it twice.
      log.warn({ activationId: id }, `the journal does not know that an activation started: ${errorText(error)}`);
    }
  };

  /** It ended while its entry was being committed, so that its record may have come too early to close it. */
  const closeLate = async (id: string): Promise<void> => {
    try {
      await records.settled(id);
      await activations.flush();
      journal.done(id);
    } catch {
      // The entry stays; the next start finds the record and closes it.
    }
  };

  /** Steps that ended before the composite is journaled must be on disk with it, or a replay would run them again. */
  const settleSteps = async (roots: readonly Followed[]): Promise<void> => {
    if (roots.every(root => root.steps.length === 0)) return;
    const underWay = (): number => roots.reduce((sum, root) => sum + chainOf(root).length, 0);
    for (let before = -1; before !== underWay(); ) {
      before = underWay();
      await Promise.all(roots.flatMap(chainOf).flatMap(one => one.steps.map(id => records.settled(id))));
      await activations.flush();
    }
  };

  const commit = async (roots: readonly Followed[]): Promise<void> => {
    await settleSteps(roots);
    const all = roots.flatMap(chainOf);
    await journal.accept(all.map(({ invocation }) => ({ id: invocation.id, payload: callText(invocation) })));
    for (const one of all) {
      one.journaled = true;
      if (one.started) mark(one.invocation.id);
      if (one.ended) void closeLate(one.invocation.id);
    }
  };

  /** Journals calls that are under way, all in one transaction. Rejects with `StoreUnavailable`. */
  const keepAll = async (roots: readonly Followed[]): Promise<void> => {
    if (roots.length === 0) return;
    const committed = commit(roots);
    const pending = committed.catch(() => {});
    const all = roots.flatMap(chainOf);
    for (const root of roots) young.delete(root.invocation.id);
    for (const one of all) one.pending = pending;
    try {
      await committed;
    } catch (error) {
      for (const root of roots) if (!root.ended) young.set(root.invocation.id, root);
      throw error;
    } finally {
      for (const one of all) one.pending = undefined;
    }
  };

  const arm = (ms: number): void => {
    if (armed) return;
    armed = true;
    clock.after(ms, () => {
      armed = false;
      void sweep();
    });
  };

  const sweep = async (): Promise<void> => {
    const limit = clock.now() - LATE;
    const late: Followed[] = [];
    for (const one of young.values()) {
      if (one.since > limit) break;
      late.push(one);
    }
    let wait = LATE;
    await keepAll(late).catch(() => {
      wait = RETRY;
    });
    if (young.size > 0) arm(wait);
  };

  const attach = (parent: Followed, step: Followed): void => {
    parent.steps.push(step.invocation.id);
    parent.latest = step;
    parent.started = true;
  };

  /** A composite that is in the journal waits until its step is, too: however long the store cannot be written. */
  const acceptStep = async (step: Invocation): Promise<void> => {
    for (;;) {
      try {
        await journal.accept([{ id: step.id, payload: callText(step) }]);
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      if (stopping) throw new Stopped();
      await new Promise<void>(resolve => clock.after(RETRY, resolve));
    }
  };

  const enterJournaled = async (parent: Followed, step: Followed): Promise<void> => {
    await parent.pending;
    if (parent.journaled) {
      const previous = parent.steps.at(-1);
      if (previous !== undefined) await records.settled(previous);
      await acceptStep(step.invocation);
      step.journaled = true;
      if (previous === undefined) mark(parent.invocation.id);
    }
    attach(parent, step);
  };

  const keep = async (id: string): Promise<void> => {
    const one = followed.get(id);
    if (!one) {
      // It ended this very moment.
      await records.settled(id);
      await activations.flush();
      return;
    }
    const root = rootOf(one);
    await root.pending;
    if (!root.journaled) await keepAll([root]);
  };

  return {
    /**
     * Resolves when all calls, and a record that is complete already, are committed; then they are the ledger's and must be
     * `end`ed. Rejects with `StoreUnavailable`, and then nothing was accepted.
     */
    async accept(invocations: readonly Invocation[], record?: Activation): Promise<void> {
      activations.checkRoom();
      const [first] = invocations;
      // A fire's calls: a copy each would take the loop for seconds, and the memory for good.
      const shares = invocations.length > 1 && invocations.every(one => one.payload === first?.payload);
      const entries = invocations.map(one => ({ id: one.id, payload: callText(one, shares) }));
      if (record) entries.push({ id: record.activationId, payload: recordText(record) });
      await journal.accept(entries, shares ? first?.payload.text : undefined);
      for (const one of invocations) follow(one).journaled = true;
    },
    /** Takes over what an earlier process left in the journal. */
    adopt(invocation: Invocation): void {
      follow(invocation).journaled = true;
    },
    /** A blocking call begins. Throws `StoreUnavailable`. */
    begin(invocation: Invocation): void {
      activations.checkRoom();
      young.set(invocation.id, follow(invocation));
      arm(LATE);
    },
    /** The user's code is about to run. */
    started(id: string): void {
      const one = followed.get(id);
      if (!one) return;
      one.started = true;
      if (one.journaled) mark(id);
    },
    /** A composite's step is about to begin; resolves when it may. Undefined: at once. Throws `Stopped`. */
    enter(step: Invocation): Promise<void> | undefined {
      const parent = followed.get(step.cause ?? '');
      const one = follow(step, parent);
      if (!parent) return undefined;
      if (parent.journaled || parent.pending) return enterJournaled(parent, one);
      attach(parent, one);
      return undefined;
    },
    /** A composite is about to be recorded: the record of its last step must be on its way before. Undefined: it is. */
    finishing(id: string): Promise<void> | undefined {
      const one = followed.get(id);
      const last = one?.steps.at(-1);
      if (!one || last === undefined || !(one.journaled || one.pending)) return undefined;
      return Promise.resolve(one.pending).then(() => records.settled(last));
    },
    /** The call has ended: its record is put, or its logs are awaited. Not for one that ended as `Stopped`. */
    end(id: string): void {
      const one = followed.get(id);
      if (!one) return;
      one.ended = true;
      followed.delete(id);
      young.delete(id);
    },
    /** It ended as `Stopped`: the entry stays for the next start. */
    leave(id: string): void {
      const one = followed.get(id);
      if (!one) return;
      followed.delete(id);
      young.delete(id);
    },
    isJournaled: (id: string): boolean => followed.get(id)?.journaled ?? false,
    /** Resolves when the call that `id` is, or is a step of, is in the journal. Rejects with `StoreUnavailable`. */
    keep,
    get stopping(): boolean {
      return stopping;
    },
    /** The server stops: whatever is under way goes into the journal. */
    async seal(): Promise<void> {
      stopping = true;
      try {
        await keepAll([...young.values()]);
      } catch (error) {
        log.warn(`blocking calls under way are not in the journal: ${errorText(error)}`);
      }
    },
  };
};
