import { describe, expect, test } from 'vitest';
import { createReplyCache } from '../../src/gateway/cache.js';
import { type CachePlace, cached } from '../../src/gateway/cached.js';
import { createRateLimit } from '../../src/gateway/rate-limit.js';
import { withCors } from '../../src/gateway/reply.js';
import type { WebReply } from '../../src/web/reply.js';
import type { WebRequest } from '../../src/web/request.js';
import { FakeClock } from '../support/fake-clock.js';

describe('rate limit', () => {
  test('calls are spaced, each key by itself', () => {
    const clock = new FakeClock();
    const limit = createRateLimit(clock);
    expect([limit('a', 100), limit('a', 100), limit('b', 100)]).toEqual([true, false, true]);
    clock.advance(99);
    expect(limit('a', 100)).toBe(false);
    clock.advance(1);
    expect(limit('a', 100)).toBe(true);
  });

  test.each([-3_600_000, 3_600_000])('the clock being set by %i ms changes nothing', ms => {
    const clock = new FakeClock();
    const limit = createRateLimit(clock);
    limit('a', 100);
    clock.set(ms);
    expect(limit('a', 100)).toBe(false);
    clock.advance(100);
    expect(limit('a', 100)).toBe(true);
  });
});

const reply = (body: string, extra: Partial<WebReply> = {}): WebReply => ({ status: 200, headers: [], body, ...extra });

describe('reply cache', () => {
  test('until its time is over', () => {
    const clock = new FakeClock();
    const cache = createReplyCache(clock);
    cache.put('k', reply('v'), 2000);
    clock.advance(1500);
    expect(cache.get('k')).toEqual({ reply: reply('v'), age: 1 });
    clock.advance(500);
    expect(cache.get('k')).toBeUndefined();
  });

  test.each([-3_600_000, 3_600_000])('the clock being set by %i ms changes nothing', ms => {
    const clock = new FakeClock();
    const cache = createReplyCache(clock);
    cache.put('k', reply('v'), 2000);
    clock.set(ms);
    clock.advance(1500);
    expect(cache.get('k')).toEqual({ reply: reply('v'), age: 1 });
    clock.advance(500);
    expect(cache.get('k')).toBeUndefined();
  });

  test('bounded: what was used longest ago goes first', () => {
    const cache = createReplyCache(new FakeClock(), 4000);
    for (const key of ['a', 'b', 'c']) cache.put(key, reply('x'.repeat(700)), 60_000);
    cache.get('a');
    cache.put('d', reply('x'.repeat(700)), 60_000);
    expect(['a', 'b', 'c', 'd'].map(key => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
    cache.put('huge', reply('x'.repeat(5000)), 60_000);
    expect(cache.get('huge')).toBeUndefined();
    cache.forget('');
    for (const key of ['e', 'f', 'g']) cache.put(key, reply('x'.repeat(700)), 60_000);
    expect(['a', 'e', 'f', 'g'].map(key => cache.get(key) !== undefined)).toEqual([false, true, true, true]);
  });

  const place: CachePlace = {
    api: 'id',
    caller: '',
    rule: { ttlMs: 1000, vary: ['x-lang'] },
    method: 'GET',
    url: '/p',
  };
  const request = (headers: Record<string, string> = {}, method = 'GET', query = ''): WebRequest =>
    ({ method, query, headers }) as unknown as WebRequest;

  const ask = async (requests: readonly WebRequest[], answer: WebReply = reply('v')): Promise<string[]> => {
    const cache = createReplyCache(new FakeClock());
    const marks: string[] = [];
    for (const r of requests) {
      const { headers } = await cached(cache, place, r, async () => answer);
      marks.push(headers.find(([name]) => name === 'X-Cache')?.[1] ?? '');
    }
    return marks;
  };

  test.each<[string, WebRequest[], WebReply, string[]]>([
    ['the same again', [request(), request()], reply('v'), ['MISS', 'HIT']],
    ['another query', [request(), request({}, 'GET', 'a=1')], reply('v'), ['MISS', 'MISS']],
    ['what vary names', [request({ 'x-lang': 'de' }), request({ 'x-lang': 'en' })], reply('v'), ['MISS', 'MISS']],
    ['what it does not name', [request({ 'x-a': '1' }), request({ 'x-a': '2' })], reply('v'), ['MISS', 'HIT']],
    ['cookies', [request({ cookie: 'a' }), request({ cookie: 'a' })], reply('v'), ['BYPASS', 'BYPASS']],
    ['writes', [request({}, 'POST'), request({}, 'POST')], reply('v'), ['BYPASS', 'BYPASS']],
    ['a body', [request(), { ...request(), hasBody: true }], reply('v'), ['MISS', 'BYPASS']],
    ['the secret', [request({ 'x-require-whisk-auth': 's' }), request()], reply('v'), ['MISS', 'MISS']],
    [
      'who calls',
      ['x-api-key', 'x-auth-token', 'proxy-authorization', 'x-forwarded-user', 'x-session'].flatMap(name => [
        request({ [name]: 'a' }),
        request({ [name]: 'b' }),
      ]),
      reply('v'),
      Array(10).fill('MISS'),
    ],
    ['who calls, again', [request({ 'x-api-key': 'a' }), request({ 'x-api-key': 'a' })], reply('v'), ['MISS', 'HIT']],
    ['the program that calls', [request({ 'user-agent': 'a' }), request()], reply('v'), ['MISS', 'HIT']],
    [
      'the order of headers',
      [request({ accept: 'a', host: 'b' }), request({ host: 'b', accept: 'a' })],
      reply('v'),
      ['MISS', 'HIT'],
    ],
    ['by which name', [request({ host: 'a' }), request({ host: 'b' })], reply('v'), ['MISS', 'MISS']],
    [
      'private',
      [request(), request()],
      reply('v', { headers: [['cache-control', 'Private, max-age=9']] }),
      ['MISS', 'MISS'],
    ],
    ['public', [request(), request()], reply('v', { headers: [['Cache-Control', 'max-age=9']] }), ['MISS', 'HIT']],
    ['Vary by more', [request(), request()], reply('v', { headers: [['Vary', 'X-Lang, Origin']] }), ['MISS', 'MISS']],
    ['Vary as said', [request(), request()], reply('v', { headers: [['Vary', 'X-Lang, Accept']] }), ['MISS', 'HIT']],
    ['errors', [request(), request()], reply('v', { status: 404 }), ['MISS', 'MISS']],
    ['Set-Cookie', [request(), request()], reply('v', { headers: [['Set-Cookie', 'a=b']] }), ['MISS', 'MISS']],
  ])('%s', async (_, requests, answer, marks) => expect(await ask(requests, answer)).toEqual(marks));

  test('verbs of the client that call the same verb of different actions', async () => {
    const cache = createReplyCache(new FakeClock());
    await cached(cache, { ...place, method: 'POST' }, request(), async () => reply('posted'));
    expect((await cached(cache, place, request(), async () => reply('got'))).body).toBe('got');
  });
});

describe('CORS of an API', () => {
  const given = reply('v', {
    headers: [
      ['Access-Control-Allow-Origin', 'x'],
      ['Access-Control-Allow-Headers', 'y'],
      ['x-a', 'b'],
    ],
  });
  const names = (r: WebReply) => r.headers.map(([name, value]) => `${name}: ${value}`);

  test('enabled: origin echoed', () =>
    expect(names(withCors(given, true, 'http://o'))).toEqual([
      'Access-Control-Allow-Headers: y',
      'x-a: b',
      'Access-Control-Allow-Origin: http://o',
      'Access-Control-Allow-Methods: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS',
      'Access-Control-Allow-Credentials: true',
    ]));
  test('disabled: none left', () => expect(names(withCors(given, false, 'http://o'))).toEqual(['x-a: b']));
  test('not said: as the action has it', () => expect(withCors(given, undefined, 'http://o')).toBe(given));
});
