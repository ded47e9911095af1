import type { Clock } from '../clock.js';
import { parseReference, pathOf } from '../entities/names.js';
import { annotationValue } from '../entities/parameters.js';
import type { Activation, Annotation, Parameter } from '../entities/types.js';
import { errorText, HttpError } from '../errors.js';
import { activationId } from '../ids.js';
import { isObject, type Json } from '../json.js';
import type { Logger } from '../log.js';
import { action as text } from '../messages.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { EntityStore } from '../store/store.js';
import type { Payload } from './arguments.js';
import { checkKind, checkRight } from './entitlement.js';
import type { Identity } from './identity.js';
import type { Finished, Invocation, Invoke } from './invocation.js';
import { type Ledger, Stopped } from './journal.js';
import type { ResolvedAction } from './resolve.js';

/** A call that was let in: its id, and its end. */
export interface Launched {
  readonly id: string;
  readonly finished: Promise<Finished>;
}

/** Everything about one call that the action itself does not say. */
export interface Call {
  readonly invoker: Identity;
  readonly payload: Payload;
  readonly transactionId: string;
  readonly alwaysStore?: boolean | undefined;
}

export type Launcher = ReturnType<typeof createLauncher>;

/** Keys a caller may not give: parameters with a value, of an action annotated `final` (OPENWHISK.md 2.3). */
export const finalParameters = (
  annotations: readonly Annotation[],
  parameters: readonly Parameter[],
): ReadonlySet<string> =>
  annotationValue(annotations, 'final') === true
    ? new Set(parameters.filter(p => p.value !== null).map(p => p.key))
    : new Set();

const overridesFinal = (action: ResolvedAction, payload: Json): boolean => {
  if (!isObject(payload)) return false;
  const locked = finalParameters(action.doc.annotations, action.parameters);
  return locked.size > 0 && Object.keys(payload).some(key => locked.has(key));
};

/** The door to running an action: what is refused here never becomes an activation. */
export const createLauncher = (parts: {
  readonly entities: EntityStore;
  readonly runtimes: Runtimes;
  readonly invoke: Invoke;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
}) => {
  /**
   * Throws 400, 403, 404. The components of a sequence within the sequence are not checked, here or when they run: nor does
   * OpenWhisk (Actions.scala `entitleReferencedEntitiesMetaData`, SequenceActions.scala).
   */
  const check = (action: ResolvedAction, { invoker, payload }: Call): void => {
    const { exec } = action.doc;
    if ('components' in exec) {
      for (const component of exec.components) {
        checkRight(parts.entities, invoker, 'ACTIVATE', pathOf(parseReference(component, invoker.namespace)));
      }
    } else {
      checkKind(invoker, exec.kind);
      if (parts.runtimes.kind(exec.kind)?.deprecated) throw new HttpError(400, text.kindDeprecated(exec.kind));
    }
    if (overridesFinal(action, payload.value)) throw new HttpError(400, text.reservedProperties);
  };

  const { ledger } = parts;

  const invocationOf = (
    action: ResolvedAction,
    { invoker, payload, transactionId, alwaysStore }: Call,
  ): Invocation => ({
    id: activationId(),
    action,
    accepted: parts.clock.now(),
    invoker,
    payload,
    transactionId,
    alwaysStore,
  });

  const run = async (invocation: Invocation): Promise<Finished> => {
    try {
      const finished = await parts.invoke(invocation);
      ledger.end(invocation.id);
      return finished;
    } catch (error) {
      if (error instanceof Stopped) ledger.leave(invocation.id);
      else ledger.end(invocation.id);
      throw error;
    }
  };

  /** Nobody waits for the end of such a call. */
  const runAlone = (invocation: Invocation): void => {
    run(invocation).catch(error => {
      if (error instanceof Stopped) return;
      parts.log.error({ activationId: invocation.id, err: error }, `activation failed: ${errorText(error)}`);
    });
  };

  return {
    check,
    /** A call with its id, for `accept`. The caller has checked it. */
    invocationOf,
    /**
     * Accepts calls, and a record that is complete already: resolves when all are in the journal, in one transaction, and
     * only then starts them. Rejects with `StoreUnavailable`, and then nothing was accepted.
     */
    async accept(invocations: readonly Invocation[], record?: Activation): Promise<void> {
      await ledger.accept(invocations, record);
      for (const invocation of invocations) runAlone(invocation);
    },
    /**
     * Starts a call whose caller waits for its end; the caller has checked it. `finished` rejects with `Stopped` when the
     * server stops and the call is in the journal. Throws `StoreUnavailable`.
     */
    start(action: ResolvedAction, call: Call): Launched {
      const invocation = invocationOf(action, call);
      ledger.begin(invocation);
      return { id: invocation.id, finished: run(invocation) };
    },
    /** Resolves when a call under way is in the journal, so that it may be answered 202. Rejects with `StoreUnavailable`. */
    keep: (id: string): Promise<void> => ledger.keep(id),
    /** True from the moment the server begins to stop: what has not ended is left to the next start. */
    stopping: (): boolean => ledger.stopping,
    /** Goes on with what an earlier process had accepted. Never rejects. */
    async resume(invocation: Invocation): Promise<void> {
      ledger.adopt(invocation);
      await run(invocation).catch(error => {
        if (!(error instanceof Stopped)) {
          parts.log.error({ activationId: invocation.id, err: error }, `activation failed: ${errorText(error)}`);
        }
      });
    },
  };
};
