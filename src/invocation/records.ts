import type { Clock } from '../clock.js';
import type { Activation } from '../entities/types.js';
import { PassingMap } from '../passing-map.js';
import type { CollectedLogs } from '../pool/job.js';
import type { ActivationStore, JournalStore } from '../store/store.js';
import type { Identity } from './identity.js';

/** ms that a list waits for records whose logs are still coming. */
const LIST_WAIT = 50;

/** What a run printed, and what lines its record gets of it. */
export interface RunLogs {
  readonly collected: Promise<CollectedLogs>;
  lines(collected: CollectedLogs): readonly string[];
}

/** The only writer of activations. */
export type Records = ReturnType<typeof createRecords>;

/**
 * A blocking answer leaves before its record is complete (logs follow within the sentinel's time). `settled` lets a
 * reader that knows the id wait for it, so that "invoke, then get" never sees a 404.
 */
export const createRecords = (
  activations: ActivationStore,
  journal: JournalStore,
  clock: Clock,
  report: (activation: Activation) => void,
) => {
  const pending = new PassingMap<string, Promise<void>>();

  const write = (activation: Activation): void => {
    activations.put(activation);
    report(activation);
  };

  const put = (activation: Activation, invoker: Identity, always: boolean): void => {
    if (always || invoker.limits.storeActivations) activations.put(activation);
    else journal.done(activation.activationId);
    report(activation);
  };

  return {
    put,
    /** Stores a record whatever its namespace's limits say: it was accepted when they allowed it. */
    write,
    /** Stores `activation` with the lines once the logs are there, which never reject. */
    putLater(activation: Activation, logs: RunLogs, invoker: Identity, always: boolean): void {
      const done = logs.collected.then(collected => {
        const lines = logs.lines(collected);
        put(lines.length === 0 ? activation : { ...activation, logs: lines }, invoker, always);
        pending.delete(activation.activationId);
      });
      pending.set(activation.activationId, done);
    },
    /** Resolves when the record of `id` is complete, at once when nothing is known to be under way. */
    settled: (id: string): Promise<void> | undefined => pending.get(id),
    /** Resolves when records that answers have left for are complete, but waits no longer than a list's reader would. */
    settledSoon: (): Promise<void> | undefined =>
      pending.size === 0
        ? undefined
        : new Promise(resolve => {
            const timer = clock.after(LIST_WAIT, resolve);
            void Promise.all(pending.values()).then(() => {
              timer.cancel();
              resolve();
            });
          }),
    /** Resolves when every record begun so far is complete. */
    allSettled: async (): Promise<void> => {
      await Promise.all(pending.values());
    },
  };
};
