import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/json.js';
import { action as text } from '../../src/messages.js';
import { mergedArguments, rawArguments } from '../../src/web/arguments.js';
import { decodeBody } from '../../src/web/body.js';
import { parseQuery } from '../../src/web/query.js';

const context = { method: 'post', headers: { host: 'h' }, path: '/p', user: undefined };
const none = new Set<string>();

const merged = (query: string, body: string, type: string | undefined, locked = none) =>
  mergedArguments(context, parseQuery(query), decodeBody(Buffer.from(body), type, false), locked);

const meta = { __ow_method: 'post', __ow_headers: { host: 'h' }, __ow_path: '/p' };

describe('arguments of an ordinary action', () => {
  test.each<[string, string, string | undefined, JsonObject]>([
    ['a=1&a=2&b', '', undefined, { a: '2', b: '' }],
    ['a=1&b=2', '{"b":[3]}', 'application/json', { a: '1', b: [3] }],
    ['', '  { "x" : {} } ', 'application/json; charset=utf-8', { x: {} }],
    ['', '{}', 'application/json', {}],
    ['', '', 'application/json', {}],
    ['', '[1]', 'application/json', { __ow_body: [1] }],
    ['', 'null', 'application/json', { __ow_body: null }],
    ['', '{"a":1}', 'application/cloudevents+json', { a: 1 }],
    ['', 'a=1&b=x+y&a=2', 'application/x-www-form-urlencoded', { a: '2', b: 'x y' }],
    ['', 'héllo', 'text/plain', { __ow_body: 'héllo' }],
    ['', '<a/>', 'application/xml', { __ow_body: '<a/>' }],
    ['', '<svg/>', 'image/svg+xml', { __ow_body: 'PHN2Zy8+' }],
    ['', 'abc', undefined, { __ow_body: 'YWJj' }],
    ['', '', 'text/plain', { __ow_body: '' }],
  ])('query %j, body %j of %s', (query, body, type, expected) => {
    const payload = merged(query, body, type);
    expect(payload.value).toEqual({ ...expected, ...meta });
    expect(JSON.parse(payload.text)).toEqual(payload.value);
  });

  test('a caller is named', () => {
    const payload = mergedArguments({ ...context, user: 'guest' }, [], { kind: 'none' }, none);
    expect(payload.value).toEqual({ ...meta, __ow_user: 'guest' });
  });

  test.each([
    ['__ow_path=x', ''],
    ['', '{"__ow_user":"me"}'],
    ['', '{"fixed":1}'],
    ['fixed=1', ''],
  ])('query %j with body %j is refused', (query, body) => {
    expect(() => merged(query, body, body && 'application/json', new Set(['fixed']))).toThrow(text.reservedProperties);
  });

  test('text and value agree for any object, __proto__ included', () => {
    const key = fc
      .oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a', '0'))
      .filter(k => !/^__ow_/.test(k));
    const body = fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(body, fc.stringMatching(/^[a-z0-9=&%+]*$/), (object, query) => {
        const payload = merged(query, JSON.stringify(object), 'application/json');
        expect(JSON.parse(payload.text)).toEqual(payload.value);
        expect(payload.value).toMatchObject(JSON.parse(JSON.stringify(object)));
      }),
    );
  });
});

describe('arguments of a raw action', () => {
  test.each([
    ['a=1&a=2', '', undefined, 'a=1&a=2', ''],
    ['', '{"a":1}', 'application/json', '', 'eyJhIjoxfQ=='],
    ['', 'a=1', 'application/x-www-form-urlencoded', '', 'a=1'],
    ['', 'plain', 'text/plain', '', 'plain'],
    ['', 'bytes', 'application/octet-stream', '', 'Ynl0ZXM='],
    ['__ow_path=x', '{"__ow_user":1}', 'application/json', '__ow_path=x', 'eyJfX293X3VzZXIiOjF9'],
  ])('query %j, body %j of %s', (query, body, type, seenQuery, seenBody) => {
    const payload = rawArguments(context, parseQuery(query), decodeBody(Buffer.from(body), type, true));
    expect(payload.value).toEqual({ ...meta, __ow_query: seenQuery, __ow_body: seenBody });
    expect(JSON.parse(payload.text)).toEqual(payload.value);
  });
});
