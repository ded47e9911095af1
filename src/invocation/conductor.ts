import { parseReference, pathOf } from '../entities/names.js';
import { activationId } from '../ids.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { composition as text } from '../messages.js';
import { emptyPayload, type Payload, payloadOf } from './arguments.js';
import { checkRight } from './entitlement.js';
import type { Finished, Invocation, InvocationContext } from './invoke.js';
import { compositeRecord } from './record.js';
import type { ResolvedAction } from './resolve.js';
import { applicationError, type Response } from './response.js';

const box = (value: Json | undefined, key: string): JsonObject | undefined =>
  value === undefined ? undefined : isObject(value) ? value : { [key]: value };

/** `name`, `pkg/name`, `/ns/name`, `/ns/pkg/name`; relative names are the caller's. Undefined when it is none of these. */
const parseActionName = (value: Json, own: string): string | undefined => {
  if (typeof value !== 'string') return undefined;
  try {
    return pathOf(parseReference(value.startsWith('/') ? value : `/${own}/${value}`, own));
  } catch {
    return undefined;
  }
};

/** One composition under way. */
interface Session {
  readonly ids: string[];
  duration: number;
  maxMemory: number;
  components: number;
  conductors: number;
  state: JsonObject | undefined;
}

/** The next action of a composition, or the text that is fed back to the conductor instead. */
const findNext = (
  context: InvocationContext,
  invocation: Invocation,
  session: Session,
  named: Json,
): ResolvedAction | string => {
  const path = parseActionName(named, invocation.invoker.namespace);
  if (path === undefined) return text.badActionName(JSON.stringify(named));
  if (session.components >= context.sequenceLength) return text.tooLong;
  try {
    checkRight(context.entities, invocation.invoker, 'ACTIVATE', path);
  } catch {
    return text.notEntitled(path);
  }
  try {
    return context.resolve(path);
  } catch {
    return text.notFound(path);
  }
};

const runStep = async (
  context: InvocationContext,
  invocation: Invocation,
  session: Session,
  action: ResolvedAction,
  payload: Payload,
): Promise<Response> => {
  const step = {
    ...invocation,
    id: activationId(),
    action,
    payload,
    accepted: context.clock.now(),
    cause: invocation.id,
  };
  // The conductor itself runs as a plain action; anything it names runs as what it is.
  const { activation, response } =
    action === invocation.action ? await context.primitives.run(step) : await context.run(step);
  session.ids.push(activation.activationId);
  session.duration += activation.duration ?? 0;
  session.maxMemory = Math.max(session.maxMemory, action.doc.limits.memory);
  return response;
};

const compose = async (context: InvocationContext, invocation: Invocation, session: Session): Promise<Response> => {
  let payload: Payload = invocation.payload;
  for (;;) {
    if (session.conductors++ > 2 * context.sequenceLength) return applicationError(text.tooLong);
    if (session.state) payload = payloadOf({ ...(isObject(payload.value) ? payload.value : {}), ...session.state });
    const response = await runStep(context, invocation, session, invocation.action, payload);
    const result = response.result?.value;
    if (response.statusCode !== 0 || !isObject(result)) return response;

    const params = box(result['params'], 'value');
    session.state = box(result['state'], 'state');
    if (result['action'] === undefined) return params ? { ...response, result: payloadOf(params) } : response;

    const next = findNext(context, invocation, session, result['action']);
    if (typeof next === 'string') {
      payload = payloadOf({ error: next });
      continue;
    }
    session.components++;
    const component = await runStep(context, invocation, session, next, payloadOf(params ?? {}));
    payload = component.result ?? emptyPayload;
  }
};

/** Runs a composition: the conductor names the next action and its arguments until it names none (OPENWHISK.md 3.8). */
export const runConductor = async (context: InvocationContext, invocation: Invocation): Promise<Finished> => {
  const start = context.clock.now();
  const session: Session = { ids: [], duration: 0, maxMemory: 0, components: 0, conductors: 0, state: undefined };
  const { size: _size, ...response } = await compose(context, invocation, session);
  const activation = compositeRecord({
    ...invocation,
    response,
    timing: { accepted: invocation.accepted, start, end: context.clock.now(), duration: session.duration },
    components: session.ids,
    maxMemory: session.maxMemory,
    conductor: true,
  });
  context.records.put(activation, invocation.invoker, invocation.alwaysStore === true);
  return { activation, response };
};
