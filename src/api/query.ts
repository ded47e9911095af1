import { type HttpError, rejection } from '../errors.js';
import { http, query as text } from '../messages.js';
import { remember } from '../remember.js';
import { type Context, queryOf } from './context.js';

/** A query parameter as `/api/v1/api-docs` shows it. */
export interface QueryParameter {
  readonly name: string;
  readonly type: 'integer' | 'boolean' | 'string';
  readonly description: string;
  readonly default?: number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

const MAX_LIST = 200;
const DEFAULT_LIST = 30;

export const limitParameter: QueryParameter = {
  name: 'limit',
  type: 'integer',
  description: `Rows to return; 0 means ${MAX_LIST}`,
  default: DEFAULT_LIST,
  minimum: 0,
  maximum: MAX_LIST,
};
export const skipParameter: QueryParameter = {
  name: 'skip',
  type: 'integer',
  description: 'Rows to leave out at the start',
  default: 0,
  minimum: 0,
};
export const countParameter: QueryParameter = {
  name: 'count',
  type: 'boolean',
  description: 'Return only how many there are',
  default: false,
};
export const overwriteParameter: QueryParameter = {
  name: 'overwrite',
  type: 'boolean',
  description: 'Replace an existing entity',
  default: false,
};
export const listParameters = [limitParameter, skipParameter, countParameter] as const;

/** The first value of each parameter. */
const search = remember(querystring => new Map([...new URLSearchParams(querystring)].reverse()));

const bad = (name: string, detail: string): HttpError => rejection(400, http.badQuery(name, detail));

/** The first value of a parameter, undefined when it is absent. */
export const textQuery = (ctx: Context, name: string): string | undefined => search(queryOf(ctx)).get(name);

/** Any case of true/yes/on/1 and false/no/off/0; empty counts as absent. Throws 400. */
export const booleanQuery = (ctx: Context, name: string, absent = false): boolean => {
  const value = textQuery(ctx, name)?.toLowerCase();
  if (value === undefined || value === '') return absent;
  if (['true', 'yes', 'on', '1'].includes(value)) return true;
  if (['false', 'no', 'off', '0'].includes(value)) return false;
  throw bad(name, http.badBoolean(value));
};

const integer = (ctx: Context, name: string, collection: string): number | undefined => {
  const value = textQuery(ctx, name);
  if (value === undefined) return undefined;
  if (!/^[+-]?\d{1,10}$/.test(value) || Math.abs(Number(value)) > 0x7fffffff) {
    throw bad(name, text.notInteger(value, collection));
  }
  return Number(value);
};

export interface ListQuery {
  readonly skip: number;
  readonly limit: number;
  readonly count: boolean;
}

/** `skip`, `limit`, `count` of a list (OPENWHISK.md 1.8). Throws 400. */
export const listQuery = (ctx: Context, collection: string): ListQuery => {
  const skip = integer(ctx, 'skip', collection) ?? 0;
  if (skip < 0) throw bad('skip', text.tooSmall(String(skip), 0, collection));
  const limit = integer(ctx, 'limit', collection) ?? DEFAULT_LIST;
  if (limit < 0 || limit > MAX_LIST) throw bad('limit', text.notInRange(String(limit), 0, MAX_LIST, collection));
  return { skip, limit: limit === 0 ? MAX_LIST : limit, count: booleanQuery(ctx, 'count') };
};

/** Epoch milliseconds, negative ones too. Throws 400. */
export const timeQuery = (ctx: Context, name: string): number | undefined => {
  const value = textQuery(ctx, name);
  if (value === undefined) return undefined;
  if (!/^[+-]?\d{1,19}$/.test(value)) throw bad(name, text.badTime(value));
  return Number(value);
};

/** A wait in ms from 1 to `max`; `max` when absent. Throws 400. */
export const waitQuery = (ctx: Context, max: number): number => {
  const value = textQuery(ctx, 'timeout');
  if (value === undefined) return max;
  const n = /^[+-]?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(n >= 1 && n <= max)) throw bad('timeout', text.badTimeout(max));
  return n;
};

/** The answer of a list with `count=true`: the total less `skip`, not below 0. */
export const countBody = (collection: string, total: number, skip: number): object => ({
  [collection]: Math.max(0, total - skip),
});
