import { parseReference, pathOf } from '../entities/names.js';
import { isObject } from '../json.js';
import { sequence as text } from '../messages.js';
import { emptyPayload, type Payload } from './arguments.js';
import type { Composite, Finished, Invocation } from './invocation.js';
import type { InvocationContext } from './invocation-context.js';
import { compositeRecord, recordedMemory } from './record.js';
import type { ResolvedAction } from './resolve.js';
import { applicationError, type Response, success } from './response.js';
import { runStep, stepOf } from './step.js';

/** Atomic actions left for a sequence and everything nested in it. */
interface Budget {
  left: number;
}

const budgets = new WeakMap<Invocation, Budget>();

const hasError = (payload: Payload | undefined): boolean =>
  payload !== undefined && isObject(payload.value) && Object.hasOwn(payload.value, 'error');

const resolveComponent = (context: InvocationContext, component: string, own: string): ResolvedAction | undefined => {
  try {
    return context.resolve(pathOf(parseReference(component, own)));
  } catch {
    return undefined;
  }
};

/** What went through the components, for the record. */
interface Progress {
  response: Response;
  readonly ids: string[];
  duration: number;
  maxMemory: number | undefined;
}

const runComponents = async (
  context: InvocationContext,
  invocation: Composite,
  components: readonly string[],
): Promise<Progress> => {
  const budget = budgets.get(invocation) ?? { left: context.sequenceLength };
  const progress: Progress = { response: success(invocation.payload), ids: [], duration: 0, maxMemory: undefined };
  for (const component of components) {
    if (budget.left <= 0 || invocation.family.left <= 0) {
      progress.response = applicationError(text.tooLong);
      break;
    }
    const action = resolveComponent(context, component, invocation.invoker.namespace);
    if (!action) {
      progress.response = applicationError(text.componentMissing);
      break;
    }
    const nested = 'components' in action.doc.exec;
    if (!nested) budget.left--;
    const next = stepOf(context, invocation, progress.ids.length, action, progress.response.result ?? emptyPayload);
    if (nested) budgets.set(next, budget);
    const { activation, response } = await runStep(context, next, false);
    progress.ids.push(activation.activationId);
    progress.duration += activation.duration ?? 0;
    const memory = recordedMemory(activation);
    if (memory !== undefined) progress.maxMemory = Math.max(progress.maxMemory ?? 0, memory);
    progress.response = response;
    if (response.statusCode !== 0 || hasError(response.result)) break;
  }
  return progress;
};

/** Runs a sequence: each component's result is the next one's payload, the first error ends it (OPENWHISK.md 3.7). */
export const runSequence = async (
  context: InvocationContext,
  invocation: Composite,
  components: readonly string[],
): Promise<Finished> => {
  const start = context.clock.now();
  const { response, ids, duration, maxMemory } = await runComponents(context, invocation, components);
  const activation = compositeRecord({
    ...invocation,
    response,
    timing: { accepted: invocation.accepted, start, end: context.clock.now(), duration },
    components: ids,
    maxMemory,
    conductor: false,
  });
  const finishing = context.ledger.finishing(invocation.id);
  if (finishing) await finishing;
  context.records.put(activation, invocation.invoker, invocation.alwaysStore === true);
  return { activation, response };
};
