import type { Clock } from '../clock.js';
import { printed } from '../entities/parameters.js';
import type { Activation } from '../entities/types.js';
import { errorText } from '../errors.js';
import type { Json } from '../json.js';
import type { Logger } from '../log.js';
import { outcome as text } from '../messages.js';
import type { JournalEntry, Store } from '../store/store.js';
import { emptyPayload, type Payload } from './arguments.js';
import type { Identities } from './identity.js';
import type { Invocation } from './invocation.js';
import { type JournalEntryText, parseEntry } from './journal-entry.js';
import type { Launcher } from './launch.js';
import type { Records } from './records.js';
import type { Leftovers, Recall } from './recover-recall.js';
import { isConductor, type Resolver } from './resolve.js';
import { applicationError, type Response, whiskError } from './response.js';

/** Calls of an earlier process under way at once: the rest waits here, so that the queue keeps room for new ones. */
const AT_ONCE = 256;

interface Parts {
  readonly store: Store;
  readonly identities: Identities;
  readonly resolve: Resolver;
  readonly launch: Launcher;
  readonly records: Records;
  readonly recall: Recall;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly log: Logger;
}

type Called = Exclude<JournalEntryText, { kind: 'record' }>;

/** One entry an earlier process left. */
interface Left {
  readonly entry: JournalEntry;
  readonly called: Called;
}

/** The record of what cannot be found any more: all that is known is how it was called. */
const bareRecord = ({ entry, called }: Left, response: Response, now: number): Activation => ({
  activationId: entry.id,
  namespace: called.namespace,
  name: called.path.slice(called.path.lastIndexOf('/') + 1),
  version: '0.0.1',
  subject: called.subject,
  ...(called.kind === 'step' && { cause: called.cause }),
  start: now,
  end: now,
  duration: 0,
  statusCode: response.statusCode,
  ...(response.result && { result: response.result.text }),
  logs: [],
  annotations: printed([
    { key: 'path', value: called.path },
    { key: 'kind', value: 'unknown' },
    { key: 'waitTime', value: Math.max(0, now - entry.accepted) },
    ...(called.kind === 'step' ? [{ key: 'causedBy', value: 'sequence' }] : []),
  ]),
});

/** Steps by the call they belong to; under undefined those whose call is not in the journal. */
const stepsByRoot = (left: readonly Left[]): Map<Left | undefined, Left[]> => {
  const byId = new Map(left.map(one => [one.entry.id, one]));
  const roots = new Map<Left, Left | undefined>();
  const steps = new Map<Left | undefined, Left[]>();
  for (const one of left) {
    const path: Left[] = [];
    let root: Left | undefined = one;
    while (root?.called.kind === 'step' && !roots.has(root)) {
      path.push(root);
      root = byId.get(root.called.cause);
    }
    if (root?.called.kind === 'step') root = roots.get(root);
    for (const step of path) roots.set(step, root);
    if (one.called.kind === 'call') continue;
    const known = steps.get(root);
    if (known) known.push(one);
    else steps.set(root, [one]);
  }
  return steps;
};

/**
 * Goes on with everything an earlier process had accepted and not ended; each ends in exactly one record. A call that had
 * not started is run; one that had ends as interrupted or is run again; a composite is replayed: it goes through its steps
 * from the first, and those that have their record, or were interrupted, are not run again.
 */
export const createRecovery = (parts: Parts) => {
  const { store, leftovers, records, clock, log } = parts;
  const { journal } = store;

  /** Reads entries; a payload that several share is in memory once. */
  const createReader = () => {
    const payloads = new Map<number, Payload>();
    const sharedBy = ({ shared = 0 }: JournalEntry): Payload => {
      let payload = payloads.get(shared);
      if (!payload) {
        const text = journal.shared(shared) ?? '';
        payload = { text, value: JSON.parse(text) as Json };
        payloads.set(shared, payload);
      }
      return payload;
    };
    return (entry: JournalEntry): Left | undefined => {
      try {
        const found = parseEntry(journal.payload(entry.id) ?? '', () => sharedBy(entry));
        if (found.kind !== 'record') return { entry, called: found };
        records.write(found.record);
      } catch (error) {
        log.error({ activationId: entry.id }, `an entry of the journal cannot be read: ${errorText(error)}`);
        journal.done(entry.id);
      }
      return undefined;
    };
  };

  const endBare = (left: Left, response: Response): void => {
    leftovers.delete(left.entry.id);
    if (store.activations.get(left.called.namespace, left.entry.id)) journal.done(left.entry.id);
    else records.write(bareRecord(left, response, clock.now()));
  };

  const invocationOf = ({ entry, called }: Left): Invocation | undefined => {
    const invoker = parts.identities.of(called.subject, called.uuid);
    if (!invoker) return undefined;
    try {
      return {
        id: entry.id,
        invoker,
        action: parts.resolve(called.path),
        payload: called.kind === 'call' ? called.payload : emptyPayload,
        transactionId: called.transactionId,
        accepted: entry.accepted,
        ...(called.alwaysStore === true && { alwaysStore: true }),
        replay: true,
      };
    } catch {
      return undefined;
    }
  };

  /** Steps that a replay of their composite did not come to, or whose composite is gone. */
  const endSteps = (steps: readonly Left[]): void => {
    for (const step of steps) if (leftovers.has(step.entry.id)) endBare(step, whiskError(text.interrupted));
  };

  const resume = async (root: Left, steps: readonly Left[]): Promise<void> => {
    const { entry } = root;
    const invocation = invocationOf(root);
    if (!invocation) endBare(root, applicationError(text.actionGone));
    else {
      const { doc } = invocation.action;
      const composite = 'components' in doc.exec || isConductor(invocation.action);
      const ended = store.activations.get(invocation.invoker.namespace, entry.id) !== undefined;
      // Where no records are kept nobody knows how far a composite came.
      const blind = composite && entry.state === 'started' && !invocation.invoker.limits.storeActivations;
      if (ended || blind) journal.done(entry.id);
      else if (!parts.recall(invocation, !composite)) await parts.launch.resume(invocation);
      leftovers.delete(entry.id);
    }
    if (!parts.launch.stopping()) endSteps(steps);
  };

  return {
    /**
     * Reads the journal and ends what was interrupted, before it returns; `finished` resolves when everything else has ended
     * too, which may take as long as the actions do. `waiting` counts those.
     */
    run(): { readonly entries: number; readonly finished: Promise<void> } {
      const found = journal.pending();
      for (const { id, state } of found) leftovers.set(id, state);
      const left = found.map(createReader()).filter(one => one !== undefined);
      const steps = stepsByRoot(left);
      endSteps(steps.get(undefined) ?? []);
      const roots = left.filter(one => one.called.kind === 'call');
      // What had started mostly needs no container: its callers get their answer first.
      roots.sort((a, b) => Number(b.entry.state === 'started') - Number(a.entry.state === 'started'));
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let root = roots[next++]; root; root = roots[next++]) await resume(root, steps.get(root) ?? []);
      };
      if (found.length > 0) log.info(`${found.length} activations that an earlier process had accepted go on.`);
      const finished = Promise.all(Array.from({ length: Math.min(AT_ONCE, roots.length) }, worker)).then(() => {});
      return { entries: found.length, finished };
    },
  };
};
