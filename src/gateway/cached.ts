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
  /** The request's path. */
  readonly url: string;
}

/** Headers that make a reply personal, unless `vary` names them. */
const PERSONAL = ['authorization', 'cookie'];

/** With what every key of an API begins. */
export const cachePrefix = (api: string): string => `[${JSON.stringify(api)},`;

const keyOf = ({ api, caller, rule, url }: CachePlace, request: WebRequest): string =>
  JSON.stringify([
    api,
    caller,
    request.method,
    url,
    request.query,
    // What the client takes decides between a reply and a refusal.
    request.headers['accept'] ?? '',
    ...rule.vary.map(name => request.headers[name] ?? null),
  ]);

/** Replies that stay true for everyone who asks: successes and lasting redirects that set no cookie. */
const isShared = ({ status, headers }: WebReply): boolean =>
  (status < 300 || status === 301 || status === 308) &&
  status !== 202 &&
  !headers.some(([name]) => name.toLowerCase() === 'set-cookie');

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
  if (personal || (request.method !== 'GET' && request.method !== 'HEAD'))
    return marked(await run(), ['X-Cache', 'BYPASS']);
  const key = keyOf(place, request);
  const hit = cache.get(key);
  if (hit) return marked(hit.reply, ['X-Cache', 'HIT'], ['Age', String(hit.age)]);
  const reply = await run();
  if (isShared(reply)) cache.put(key, withoutActivation(reply), place.rule.ttlMs);
  return marked(reply, ['X-Cache', 'MISS']);
};
