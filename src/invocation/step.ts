import { hash } from 'node:crypto';
import type { Payload } from './arguments.js';
import type { Composite, Finished } from './invocation.js';
import type { InvocationContext } from './invocation-context.js';
import { Stopped } from './journal.js';
import { isConductor, type ResolvedAction } from './resolve.js';

/**
 * The id of a composite's step. It follows from the composite's id and the step's number, so that after a crash the same
 * step is found under the same id, in the journal and among the records.
 */
export const stepId = (composite: string, number: number): string =>
  hash('sha256', `${composite} ${number}`, 'hex').slice(0, 32);

/** The invocation of a composite's step; `number` counts its steps from 0. */
export const stepOf = (
  context: InvocationContext,
  composite: Composite,
  number: number,
  action: ResolvedAction,
  payload: Payload,
): Composite => ({
  ...composite,
  id: stepId(composite.id, number),
  action,
  payload,
  accepted: context.clock.now(),
  cause: composite.id,
});

const isComposite = (action: ResolvedAction): boolean => 'components' in action.doc.exec || isConductor(action);

/**
 * Runs a step to its end. `plain` runs a conductor as the action it is. In a replay a step that has its record is not run
 * again, and one that had started ends as interrupted; composites are always gone through, their steps know better.
 * Call only when the family has steps left. Rejects with `Stopped` only.
 */
export const runStep = async (context: InvocationContext, step: Composite, plain: boolean): Promise<Finished> => {
  const { ledger } = context;
  step.family.left--;
  if (step.replay) {
    const known = context.recall(step, plain || !isComposite(step.action));
    if (known) return known;
  }
  const entering = ledger.enter(step);
  try {
    // A composite waits for its turn in any case: they nest deeper than the stack.
    if (entering || isComposite(step.action)) await entering;
    const finished = await (plain ? context.primitives.run(step) : context.run(step));
    ledger.end(step.id);
    return finished;
  } catch (error) {
    if (error instanceof Stopped) ledger.leave(step.id);
    else ledger.end(step.id);
    throw error;
  }
};
