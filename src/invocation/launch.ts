import type { Clock } from '../clock.js';
import { parseReference, pathOf } from '../entities/names.js';
import { annotationValue } from '../entities/parameters.js';
import type { Annotation, Parameter } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { activationId } from '../ids.js';
import { isObject, type Json } from '../json.js';
import { action as text } from '../messages.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { EntityStore } from '../store/store.js';
import type { Payload } from './arguments.js';
import { checkKind, checkRight } from './entitlement.js';
import type { Identity } from './identity.js';
import type { Finished, Invocation, Invoke } from './invoke.js';
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
  readonly alwaysStore?: boolean;
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
  readonly clock: Clock;
}) => {
  /** Throws 400, 403, 404. */
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

  return {
    check,
    /** Starts the call; the caller has checked it. */
    start(action: ResolvedAction, call: Call): Launched {
      const invocation: Invocation = {
        id: activationId(),
        action,
        accepted: parts.clock.now(),
        ...call,
      };
      return { id: invocation.id, finished: parts.invoke(invocation) };
    },
  };
};
