import { pathOf } from '../entities/names.js';
import { printed } from '../entities/parameters.js';
import type { Activation, TriggerDoc } from '../entities/types.js';
import { errorText, HttpError } from '../errors.js';
import { activationId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { defaultText, trigger as text } from '../messages.js';
import { defaultsOf, mergeArguments, type Payload } from './arguments.js';
import type { Identity } from './identity.js';

/** One rule that a fire sets off: the call is entitled and journaled by `start`, which throws what a POST would answer. */
export interface RuleCall {
  readonly actionPath: string;
  readonly payload: Payload;
  /** Bytes of the payload. */
  readonly size: number;
}

interface Fire {
  readonly trigger: TriggerDoc;
  readonly firer: Identity;
  /** Headers of the fire request, lower-case. */
  readonly headers: JsonObject;
  readonly payload: Payload;
  /** Epoch ms. */
  readonly now: number;
}

/** Headers that describe the fire request's body, not its sender. */
const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'];

/** Trigger parameters ++ `__ow_headers` ++ payload (OPENWHISK.md 3.9). A trigger has no /init, so `init` means nothing. */
const ruleArguments = ({ trigger, headers, payload }: Fire): Payload => {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !BODY_HEADERS.includes(name)));
  const parameters = trigger.parameters.map(({ key, value }) => ({ key, value }));
  const defaults = defaultsOf([...parameters, { key: '__ow_headers', value: kept }]);
  const merged = mergeArguments(defaults, payload);
  return { text: merged, value: JSON.parse(merged) };
};

type Rules = NonNullable<TriggerDoc['rules']>;

export const activeRules = (trigger: TriggerDoc): [string, Rules[string]][] =>
  Object.entries(trigger.rules ?? {}).filter(([, rule]) => rule.status === 'active');

/**
 * Sets off every active rule by `start`, which returns the id of the call it let in, and makes the trigger's activation record, whose logs tell what became of each.
 * Call only with at least one active rule.
 */
export const fireTrigger = (fire: Fire, start: (call: RuleCall) => string): Activation => {
  const payload = ruleArguments(fire);
  const size = Buffer.byteLength(payload.text);
  const logs = Object.entries(fire.trigger.rules ?? {}).map(([rule, { action, status }]) => {
    const actionPath = pathOf(action);
    const failed = (statusCode: number, error: string): object => ({
      statusCode,
      success: false,
      rule,
      action: actionPath,
      error,
    });
    if (status !== 'active') return failed(1, text.ruleInactive(rule, actionPath));
    try {
      return {
        statusCode: 0,
        success: true,
        activationId: start({ actionPath, payload, size }),
        rule,
        action: actionPath,
      };
    } catch (error) {
      const refused = error instanceof HttpError && error.status < 500;
      return failed(refused ? 1 : 3, error instanceof HttpError ? errorText(error) : (defaultText[500] as string));
    }
  });
  return {
    activationId: activationId(),
    namespace: fire.firer.namespace,
    name: fire.trigger.name,
    version: fire.trigger.version,
    subject: fire.firer.subject,
    start: fire.now,
    statusCode: 0,
    result: fire.payload.text,
    logs: logs.map(line => JSON.stringify(line)),
    annotations: printed([]),
  };
};
