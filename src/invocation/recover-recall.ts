import { annotationValue } from '../entities/parameters.js';
import type { Activation } from '../entities/types.js';
import type { Json } from '../json.js';
import { outcome as text } from '../messages.js';
import type { ActivationStore, JournalEntry, JournalStore } from '../store/store.js';
import type { Finished, Invocation } from './invocation.js';
import type { Primitives } from './primitive.js';
import { type Response, whiskError } from './response.js';

/** Entries of an earlier process that nothing has taken up yet, by id. */
export type Leftovers = Map<string, JournalEntry['state']>;

/** What an earlier process made of an activation: its end, or undefined when it has to be run. */
export type Recall = (invocation: Invocation, primitive: boolean) => Finished | undefined;

const responseOf = ({ statusCode, result, size }: Activation): Response => ({
  statusCode,
  ...(result !== undefined && { result: { text: result, value: JSON.parse(result) as Json } }),
  ...(size !== undefined && { size }),
});

/**
 * An activation that has its record ended as that says. One in a container that had started ends as interrupted now
 * (at most once), unless the server or the annotation `retry-interrupted` wants it run again (at least once).
 */
export const createRecall =
  (parts: {
    readonly activations: ActivationStore;
    readonly journal: JournalStore;
    readonly primitives: Primitives;
    readonly leftovers: Leftovers;
    readonly retryInterrupted: boolean;
  }): Recall =>
  (invocation, primitive) => {
    const { id, action, invoker } = invocation;
    const state = parts.leftovers.get(id);
    parts.leftovers.delete(id);
    if (!primitive) return undefined;
    const record = parts.activations.get(invoker.namespace, id);
    if (record) {
      parts.journal.done(id);
      return { activation: record, response: responseOf(record) };
    }
    if (state !== 'started') return undefined;
    const retry = annotationValue(action.doc.annotations, 'retry-interrupted') ?? parts.retryInterrupted;
    return retry === true ? undefined : parts.primitives.end(invocation, whiskError(text.interrupted));
  };
