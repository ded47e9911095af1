import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HttpError } from '../../src/errors.js';
import type { Json } from '../../src/json.js';
import { web as text } from '../../src/messages.js';
import type { Extension } from '../../src/web/address.js';
import { transcode } from '../../src/web/transcode.js';

const failure = (extension: Extension, result: Json): [number, string] | undefined => {
  try {
    transcode(extension, result);
    return undefined;
  } catch (error) {
    if (error instanceof HttpError) return [error.status, error.message];
    throw error;
  }
};

const HTML = 'text/html; charset=UTF-8';
const PLAIN = 'text/plain; charset=UTF-8';

describe('.json, .html, .svg, .text', () => {
  test.each<[Extension, Json, string, string]>([
    ['json', { a: 1 }, 'application/json', '{\n  "a": 1\n}'],
    ['json', ['a'], 'application/json', '["a"]'],
    ['html', { html: '<p>' }, HTML, '<p>'],
    ['html', { body: '<b>', html: '<p>' }, HTML, '<b>'],
    ['html', 'bare', HTML, 'bare'],
    ['svg', { svg: '<svg/>' }, 'image/svg+xml', '<svg/>'],
    ['text', { text: 'hi' }, PLAIN, 'hi'],
    ['text', { body: 1.5 }, PLAIN, '1.5'],
    ['text', { body: null }, PLAIN, 'null'],
    ['text', { body: true }, PLAIN, 'true'],
    ['text', { body: { a: ['x'] } }, PLAIN, '{\n  "a": ["x"]\n}'],
    ['text', 7, PLAIN, '7'],
  ])('.%s of %j', (extension, result, type, body) => {
    expect(transcode(extension, result)).toMatchObject({ status: 200, type, body });
  });

  test.each<[Extension, Json, number, string]>([
    ['json', 'text', 400, text.notValid('application/json')],
    ['json', null, 400, text.notValid('application/json')],
    ['html', {}, 400, text.notValid('text/html')],
    ['html', { body: null, html: '<p>' }, 400, text.notValid('text/html')],
    ['html', ['x'], 400, text.notValid('text/html')],
    ['svg', { svg: 1 }, 400, text.notValid('image/svg+xml')],
    ['text', { other: 1 }, 404, text.missingProperty],
  ])('.%s of %j is refused', (extension, result, status, message) => {
    expect(failure(extension, result)).toEqual([status, message]);
  });
});

describe('.http', () => {
  const http = (result: Json) => transcode('http', result);

  test.each<[Json, number]>([
    [{}, 204],
    [{ body: '' }, 204],
    [{ body: null }, 204],
    [{ statusCode: 201 }, 201],
    [{ statusCode: '444' }, 444],
    [{ statusCode: 599, headers: { 'content-type': 'application/json' } }, 599],
    [{ statusCode: 304, body: 'dropped' }, 304],
    [{ statusCode: 204, body: { a: 1 } }, 204],
  ])('%j has no entity and status %i', (result, status) => {
    const reply = http(result);
    expect([reply.status, reply.type, reply.body]).toEqual([status, undefined, undefined]);
    expect(reply.headers).toEqual([]);
  });

  test.each<[Json, string, string]>([
    [{ body: 'hi' }, HTML, 'hi'],
    [{ body: { a: 1 } }, 'application/json', '{\n  "a": 1\n}'],
    [{ body: [1, 2] }, 'application/json', '[1, 2]'],
    [{ body: 3 }, 'application/json', '3'],
    [{ body: false }, 'application/json', 'false'],
    [{ body: { a: 1 }, headers: { 'Content-Type': 'application/hal+json' } }, 'application/hal+json', '{\n  "a": 1\n}'],
    [{ body: '{"a":1}', headers: { 'content-type': 'application/json' } }, 'application/json', '{"a":1}'],
    [{ body: 'a,b', headers: { 'content-type': 'text/csv' } }, 'text/csv; charset=UTF-8', 'a,b'],
    [{ body: '<x/>', headers: { 'content-type': 'application/xml' } }, 'application/xml; charset=UTF-8', '<x/>'],
  ])('%j', (result, type, body) => expect(http(result)).toMatchObject({ status: 200, type, body }));

  test.each(['image/png', 'application/octet-stream', 'application/json'])('base64 under %s becomes bytes', type => {
    const bytes = Buffer.from('{"x":12}');
    const reply = http({ headers: { 'content-type': type }, body: bytes.toString('base64') });
    expect(reply).toEqual({ status: 200, headers: [], type, body: bytes });
  });

  test('a megabyte of base64 comes out exact', () => {
    const bytes = randomBytes(1024 * 1024);
    expect(http({ headers: { 'content-type': 'image/png' }, body: bytes.toString('base64') }).body).toEqual(bytes);
  });

  test('headers: strings, numbers, booleans and lists of them; those of the connection are the server’s', () => {
    const headers = { 'Set-Cookie': ['a=b', 'c=d'], 'x-n': 1, 'x-b': true, Connection: 'close', 'content-length': 7 };
    expect(http({ headers }).headers).toEqual([
      ['Set-Cookie', 'a=b'],
      ['Set-Cookie', 'c=d'],
      ['x-n', '1'],
      ['x-b', 'true'],
    ]);
  });

  test.each<Json>([
    [],
    null,
    'text',
    { statusCode: 99 },
    { statusCode: 600 },
    { statusCode: 100 },
    { statusCode: 200.5 },
    { statusCode: true },
    { statusCode: null },
    { statusCode: 'abc' },
    { statusCode: '' },
    { headers: 'x' },
    { headers: { x: null } },
    { headers: { x: {} } },
    { headers: { 'a b': 'c' } },
    { headers: { x: 'a\r\nSet-Cookie: b=c' } },
  ])('%j is no HTTP response', result => {
    expect(failure('http', result)).toEqual([400, text.notValid('message/http')]);
  });

  test.each<[Json, string]>([
    [{ body: 'not base64!', headers: { 'content-type': 'image/png' } }, text.typeMismatch],
    [{ body: 'a', headers: { 'content-type': 'image/png' } }, text.typeMismatch],
    [{ body: 'YQ=', headers: { 'content-type': 'image/png' } }, text.typeMismatch],
    [{ body: { a: 1 }, headers: { 'content-type': 'text/html' } }, text.typeMismatch],
    [{ body: 'x', headers: { 'content-type': 'nonsense' } }, text.unknownType],
  ])('%j: %s', (result, message) => expect(failure('http', result)).toEqual([400, message]));

  test('a header beyond Latin-1 goes out as UTF-8 bytes', () => {
    expect(http({ headers: { 'x-check': '✓' } }).headers).toEqual([['x-check', Buffer.from('✓').toString('latin1')]]);
  });
});
