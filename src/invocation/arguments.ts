import { type Environment, environmentOf, runArguments } from '../entities/parameters.js';
import type { Parameter } from '../entities/types.js';
import { isObject, type Json } from '../json.js';

/**
 * A JSON value together with its text, so that it is parsed once and never printed again on its way from the client
 * through the container and back.
 */
export interface Payload {
  readonly text: string;
  readonly value: Json;
}

export const emptyPayload: Payload = { text: '{}', value: {} };

export const payloadOf = (value: Json): Payload => ({ text: JSON.stringify(value), value });

/** Default arguments of an action as JSON members, ready to be spliced. */
export type Defaults = readonly (readonly [key: string, member: string])[];

export const defaultsOf = (parameters: readonly Parameter[]): Defaults =>
  Object.entries(runArguments(parameters)).map(([key, value]) => [
    key,
    `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  ]);

/**
 * The JSON text of `defaults ++ payload`: members the payload has itself are left out of the defaults, the payload's text
 * goes in as it is. An array payload takes no defaults.
 */
export const mergeArguments = (defaults: Defaults, payload: Payload): string => {
  const { text, value } = payload;
  if (defaults.length === 0 || !isObject(value)) return text;
  const members = defaults.filter(([key]) => !Object.hasOwn(value, key)).map(([, member]) => member);
  if (members.length === 0) return text;
  const rest = text.slice(text.indexOf('{') + 1);
  return Object.keys(value).length === 0 ? `{${members.join(',')}}` : `{${members.join(',')},${rest}`;
};

/**
 * A payload may name `init` parameters, too: those are for the environment, if the call makes one, and never arguments.
 * `environment` is undefined when it names none.
 */
export const splitPayload = (
  initial: Environment,
  payload: Payload,
): { readonly payload: Payload; readonly environment?: Environment } => {
  const { value } = payload;
  if (!isObject(value)) return { payload };
  const names = Object.keys(initial).filter(key => Object.hasOwn(value, key));
  if (names.length === 0) return { payload };
  const rest = Object.entries(value).filter(([key]) => !names.includes(key));
  return {
    payload: payloadOf(Object.fromEntries(rest)),
    environment: environmentOf(names.map(key => [key, value[key]])),
  };
};
