import type { WebReply } from '../web/reply.js';
import type { WebRequest } from '../web/request.js';
import type { ReplyCache } from './cache.js';
import type { CacheRule } from './policies.js';

/** Which kept replies may answer a request. */
export interface CachePlace {
  readonly api: string;
  /** The API key the caller showed; callers with different keys share nothing. */
  readonly caller: string;
  readonly rule: CacheRule;
  /** The client's verb, which chose the action; that of the call to the action may be another. */
  readonly method: string;
  /** The request's path. */
  readonly url: string;
}

/** Headers that make a reply personal, unless `vary` names them. */
const PERSONAL = ['authorization', 'cookie'];

/** Between a reply and a refusal decides what the client takes; links in a reply have the name it called. */
const ALWAYS = new Set(['accept', 'host', 'x-forwarded-url']);

/** Headers that say who calls, or give a right to the reply: `X-Require-Whisk-Auth`, and those that actions look at. */
const CREDENTIAL =
  /auth|cert|cookie|credential|csrf|email|identity|jwt|key|passw|principal|secret|session|signature|token|user(?!-agent)/;

/** Whether replies are told apart by a header. */
const isKeyed = (name: string, { vary }: CacheRule): boolean =>
  ALWAYS.has(name) || CREDENTIAL.test(name) || vary.includes(name);

/** With what every key of an API begins. */
export const cachePrefix = (api: string): string => `[${JSON.stringify(api)},`;

const keyOf = ({ api, caller, rule, method, url }: CachePlace, request: WebRequest): string =>
  JSON.stringify([
    api,
    caller,
    method,
    request.method,
    url,
    request.query,
    Object.entries(request.headers)
      .filter(([name]) => isKeyed(name, rule))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

/** What a reply says in a header that is a list of words, in lower case. */
const wordsOf = ({ headers }: WebReply, header: string): string[] =>
  headers.flatMap(([name, value]) => (name.toLowerCase() === header ? value.toLowerCase().split(/[\s,]+/) : []));

/** Replies that stay true for everyone with the same key: successes and lasting redirects that do not say otherwise. */
const isShared = (reply: WebReply, rule: CacheRule): boolean =>
  (reply.status < 300 || reply.status === 301 || reply.status === 308) &&
  reply.status !== 202 &&
  !reply.headers.some(([name]) => name.toLowerCase() === 'set-cookie') &&
  !wordsOf(reply, 'cache-control').some(word => /^(private|no-store|no-cache)\b/.test(word)) &&
  wordsOf(reply, 'vary').every(name => isKeyed(name, rule));

const marked = (reply: WebReply, ...marks: [string, string][]): WebReply => ({
  ...reply,
  headers: [...reply.headers, ...marks],
});

const withoutActivation = (reply: WebReply): WebReply => ({
  ...reply,
  headers: reply.headers.filter(([name]) => name.toLowerCase() !== 'x-openwhisk-activation-id'),
});

/** A kept reply, or a new one that is kept if it may be. `X-Cache` says which: HIT, MISS or BYPASS. */
export const cached = async (
  cache: ReplyCache,
  place: CachePlace,
  request: WebRequest,
  run: () => Promise<WebReply>,
): Promise<WebReply> => {
  const personal = PERSONAL.some(name => request.headers[name] !== undefined && !place.rule.vary.includes(name));
  const reads = request.method === 'GET' || request.method === 'HEAD';
  // What is in a body would be no part of the key.
  if (personal || !reads || request.hasBody) return marked(await run(), ['X-Cache', 'BYPASS']);
  const key = keyOf(place, request);
  const hit = cache.get(key);
  if (hit) return marked(hit.reply, ['X-Cache', 'HIT'], ['Age', String(hit.age)]);
  const reply = await run();
  if (isShared(reply, place.rule)) cache.put(key, withoutActivation(reply), place.rule.ttlMs);
  return marked(reply, ['X-Cache', 'MISS']);
};
