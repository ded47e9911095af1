import { isPath, parseReference, pathOf, pathSegments } from '../entities/names.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { composition as text } from '../messages.js';
import { emptyPayload, type Payload, payloadOf } from './arguments.js';
import { checkRight } from './entitlement.js';
import type { Composite, Finished, Invocation } from './invocation.js';
import type { InvocationContext } from './invocation-context.js';
import { compositeRecord, recordedMemory } from './record.js';
import { isConductor, type ResolvedAction } from './resolve.js';
import { applicationError, type Response } from './response.js';
import { runStep, stepOf } from './step.js';

const box = (value: Json | undefined, key: string): JsonObject | undefined =>
  value === undefined ? undefined : isObject(value) ? value : { [key]: value };

/**
 * `name` and `pkg/name` are the caller's; `/ns/name`, `/ns/pkg/name` and `ns/pkg/name` are whole. Undefined when it is none
 * of these (upstream's FullyQualifiedEntityName.resolveName).
 */
export const parseActionName = (value: Json, own: string): string | undefined => {
  if (typeof value !== 'string' || !isPath(value)) return undefined;
  const segments = pathSegments(value);
  const whole = value.startsWith('/') || segments.length === 3;
  if (segments.length > 3 || (whole && segments.length === 1)) return undefined;
  return pathOf(parseReference((whole ? segments : [own, ...segments]).join('/'), own));
};

/** What a composition has used of its bounds; compositions it names share it (PrimitiveActions.scala). */
interface Account {
  components: number;
  conductors: number;
}

const accounts = new WeakMap<Invocation, Account>();

/** One composition under way. */
interface Session {
  readonly ids: string[];
  readonly account: Account;
  duration: number;
  maxMemory: number;
  state: JsonObject | undefined;
}

/** The next action of a composition, or the text that is fed back to the conductor instead. */
const findNext = (
  context: InvocationContext,
  invocation: Composite,
  session: Session,
  named: Json,
): ResolvedAction | string => {
  const path = parseActionName(named, invocation.invoker.namespace);
  if (path === undefined) return text.badActionName(JSON.stringify(named));
  if (session.account.components >= context.sequenceLength || invocation.family.left <= 0) return text.tooLong;
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

interface Step {
  readonly action: ResolvedAction;
  readonly payload: Payload;
  /** The conductor itself runs as a plain action; whatever it names, itself too, runs as what it is. */
  readonly plain: boolean;
}

const take = async (
  context: InvocationContext,
  invocation: Composite,
  session: Session,
  { action, payload, plain }: Step,
): Promise<Response> => {
  const step = stepOf(context, invocation, session.ids.length, action, payload);
  accounts.set(step, session.account);
  const { activation, response } = await runStep(context, step, plain);
  session.ids.push(activation.activationId);
  session.duration += activation.duration ?? 0;
  session.maxMemory = Math.max(session.maxMemory, recordedMemory(activation) ?? 0);
  return response;
};

/** A conductor takes objects only: an array is boxed as a `params` that is none. */
const conductorPayload = ({ value, text }: Payload, state: JsonObject | undefined): Payload => {
  if (!isObject(value)) return payloadOf({ value, ...state });
  return state ? payloadOf({ ...value, ...state }) : { value, text };
};

const compose = async (context: InvocationContext, invocation: Composite, session: Session): Promise<Response> => {
  const { account } = session;
  let payload: Payload = invocation.payload;
  for (;;) {
    const tooLong = account.conductors++ > 2 * context.sequenceLength || invocation.family.left <= 0;
    if (tooLong) return applicationError(text.tooLong);
    payload = conductorPayload(payload, session.state);
    const response = await take(context, invocation, session, { action: invocation.action, payload, plain: true });
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
    if (!isConductor(next)) account.components++;
    const step = { action: next, payload: payloadOf(params ?? {}), plain: false };
    const component = await take(context, invocation, session, step);
    payload = component.result ?? emptyPayload;
  }
};

/** Runs a composition: the conductor names the next action and its arguments until it names none (OPENWHISK.md 3.8). */
export const runConductor = async (context: InvocationContext, invocation: Composite): Promise<Finished> => {
  const start = context.clock.now();
  const session: Session = {
    ids: [],
    account: accounts.get(invocation) ?? { components: 0, conductors: 0 },
    duration: 0,
    maxMemory: invocation.action.doc.limits.memory,
    state: undefined,
  };
  const { size: _size, ...response } = await compose(context, invocation, session);
  const activation = compositeRecord({
    ...invocation,
    response,
    timing: { accepted: invocation.accepted, start, end: context.clock.now(), duration: session.duration },
    components: session.ids,
    maxMemory: session.maxMemory,
    conductor: true,
  });
  const finishing = context.ledger.finishing(invocation.id);
  if (finishing) await finishing;
  context.records.put(activation, invocation.invoker, invocation.alwaysStore === true);
  return { activation, response };
};
