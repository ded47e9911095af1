import type { Clock } from '../clock.js';
import type { EntityStore } from '../store/store.js';
import type { Invoke } from './invocation.js';
import type { Ledger } from './journal.js';
import type { Primitives } from './primitive.js';
import type { Records } from './records.js';
import type { Recall } from './recover-recall.js';
import type { Resolver } from './resolve.js';

/** What running needs; `run` is how composites start their components. */
export interface InvocationContext {
  readonly clock: Clock;
  readonly entities: EntityStore;
  readonly resolve: Resolver;
  readonly records: Records;
  readonly primitives: Primitives;
  readonly ledger: Ledger;
  readonly recall: Recall;
  readonly sequenceLength: number;
  readonly run: Invoke;
}
