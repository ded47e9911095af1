import type { Activation } from '../entities/types.js';
import type { Payload } from './arguments.js';
import type { Identity } from './identity.js';
import type { ResolvedAction } from './resolve.js';
import type { Response } from './response.js';

/** What an outermost sequence or composition and everything nested in it share. */
interface Family {
  /** Steps that may still begin. */
  left: number;
}

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
  /** Of a composite and of its steps. */
  readonly family?: Family;
  /** Stored even where the namespace stores no activations (`X-OW-EXTRA-LOGGING: on`). */
  readonly alwaysStore?: boolean | undefined;
  /** An earlier process had accepted it, and may have run some of it. */
  readonly replay?: true;
}

/** An invocation of a sequence or a conductor, or of a step of one. */
export type Composite = Invocation & { readonly family: Family };

/** `activation` is complete but for the logs of a container, which follow into the store. */
export interface Finished {
  readonly activation: Activation;
  readonly response: Response;
}

/**
 * Runs to the end: whatever goes wrong becomes the activation's response, and exactly one record. Rejects only with
 * `Stopped`, when it stays in the journal for the next start.
 */
export type Invoke = (invocation: Invocation) => Promise<Finished>;
