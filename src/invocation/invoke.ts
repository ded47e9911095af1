import type { Clock } from '../clock.js';
import type { Activation } from '../entities/types.js';
import type { EntityStore } from '../store/store.js';
import type { Payload } from './arguments.js';
import { runConductor } from './conductor.js';
import type { Identity } from './identity.js';
import type { Primitives } from './primitive.js';
import type { Records } from './records.js';
import { isConductor, type ResolvedAction, type Resolver } from './resolve.js';
import type { Response } from './response.js';
import { runSequence } from './sequence.js';

/** One call of an action, of any kind, entitled and checked already. */
export interface Invocation {
  readonly id: string;
  readonly invoker: Identity;
  readonly action: ResolvedAction;
  readonly payload: Payload;
  readonly transactionId: string;
  /** Epoch ms. */
  readonly accepted: number;
  /** The enclosing sequence's or composition's activation. */
  readonly cause?: string;
  /** Stored even where the namespace stores no activations (`X-OW-EXTRA-LOGGING: on`). */
  readonly alwaysStore?: boolean;
}

/** `activation` is complete but for the logs of a container, which follow into the store. */
export interface Finished {
  readonly activation: Activation;
  readonly response: Response;
}

/** What running needs; `run` is how composites start their components. */
export interface InvocationContext {
  readonly clock: Clock;
  readonly entities: EntityStore;
  readonly resolve: Resolver;
  readonly records: Records;
  readonly primitives: Primitives;
  readonly sequenceLength: number;
  readonly run: Invoke;
}

/** Runs to the end; never rejects: whatever goes wrong becomes the activation's response, and exactly one record. */
export type Invoke = (invocation: Invocation) => Promise<Finished>;

export const createInvoke = (parts: Omit<InvocationContext, 'run'>): Invoke => {
  const run: Invoke = invocation => {
    const { exec } = invocation.action.doc;
    if ('components' in exec) return runSequence(context, invocation, exec.components);
    if (isConductor(invocation.action)) return runConductor(context, invocation);
    return parts.primitives.run(invocation);
  };
  const context: InvocationContext = { ...parts, run };
  return run;
};
