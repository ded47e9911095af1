import { describe, expect, test } from 'vitest';
import { ECHO, overBothDrivers } from '../support/web.js';

overBothDrivers(
  'web actions: arguments',
  async server => {
    await server.web('pkg/echo', ECHO, {}, [
      { key: 'a', value: 'action' },
      { key: 'b', value: 'action' },
    ]);
    await server.rest.put('_/packages/pkg?overwrite=true', {
      parameters: [
        { key: 'a', value: 'package' },
        { key: 'p', value: 'package' },
      ],
    });
    await server.web('echo', ECHO);
    await server.web('raw', ECHO, { 'raw-http': true });
    await server.web(
      'bytes',
      `const { createHash } = require('crypto');
       function main({ __ow_body }) {
         const bytes = Buffer.from(__ow_body, 'base64');
         return { body: { length: bytes.length, sha: createHash('sha256').update(bytes).digest('hex') } };
       }`,
    );
  },
  server => {
    const post = (path: string, body: string | Buffer, type?: string, chunked = false) =>
      server().call(path, {
        method: 'POST',
        body,
        chunked,
        headers: type === undefined ? {} : { 'content-type': type },
      });
    const own = (json: Record<string, unknown>): Record<string, unknown> =>
      Object.fromEntries(Object.entries(json).filter(([key]) => !/^__ow_(?!body|query)/.test(key)));

    test('4.4 merge order: package, action, query, body, context', async () => {
      const reply = await post('guest/pkg/echo?b=query&c=query', '{"c":"body","d":[1]}', 'application/json');
      expect(own(reply.json)).toEqual({ a: 'action', p: 'package', b: 'query', c: 'body', d: [1] });
      expect(reply.json.__ow_method).toBe('post');
    });

    test('4.4 query: strings; of duplicates the last; a key alone is empty; + is a space', async () => {
      const reply = await server().call('guest/default/echo?n=1&n=2&flag&s=a+b%2Bc&u=%C3%A9');
      expect(own(reply.json)).toEqual({ n: '2', flag: '', s: 'a b+c', u: 'é' });
    });

    test('4.4 __ow_headers: lower-case names; host, cookie, x-request-id, x-forwarded-*, content-type; no content-length', async () => {
      const reply = await server().call('guest/default/echo', {
        method: 'POST',
        body: '{}',
        headers: {
          'Content-Type': 'application/json',
          'X-Custom': 'v',
          Cookie: 'a=1; b=2',
          'X-Request-ID': 'mine',
          'X-Forwarded-For': '1.2.3.4',
          Authorization: 'Basic bogus',
        },
      });
      const headers = reply.json.__ow_headers;
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-custom': 'v',
        cookie: 'a=1; b=2',
        'x-request-id': 'mine',
        'x-forwarded-for': '1.2.3.4',
        authorization: 'Basic bogus',
        host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      });
      expect(headers).not.toHaveProperty('content-length');
      expect(reply.headers['x-request-id']).toBe('mine');
    });

    test('4.4 __ow_headers: no content-type without a body, octet-stream for a body that names none', async () => {
      expect((await server().call('guest/default/echo')).json.__ow_headers).not.toHaveProperty('content-type');
      const reply = await post('guest/default/echo', 'abc');
      expect(reply.json.__ow_headers['content-type']).toBe('application/octet-stream');
      expect(reply.json.__ow_body).toBe('YWJj');
    });

    describe('4.4 bodies of an ordinary action', () => {
      test.each<[string, string, string | undefined, Record<string, unknown>]>([
        ['none', '', undefined, {}],
        ['empty JSON', '', 'application/json', {}],
        ['JSON object', '{"a":{"b":null}}', 'application/json', { a: { b: null } }],
        ['JSON object, charset', '{"a":1}', 'application/json; charset=utf-8', { a: 1 }],
        ['JSON array', '[1,"x"]', 'application/json', { __ow_body: [1, 'x'] }],
        ['JSON string', '"x"', 'application/json', { __ow_body: 'x' }],
        ['JSON null', 'null', 'application/json', { __ow_body: null }],
        ['+json', '{"a":1}', 'application/cloudevents+json', { a: 1 }],
        ['form', 'a=1&b=x+%26+y&a=2', 'application/x-www-form-urlencoded', { a: '2', b: 'x & y' }],
        ['text', 'héllo', 'text/plain', { __ow_body: 'héllo' }],
        ['xml', '<a/>', 'application/xml', { __ow_body: '<a/>' }],
        ['javascript', 'x()', 'application/javascript', { __ow_body: 'x()' }],
        ['svg', '<svg/>', 'image/svg+xml', { __ow_body: 'PHN2Zy8+' }],
        ['multipart', '--x\r\n', 'multipart/form-data; boundary=x', { __ow_body: 'LS14DQo=' }],
        ['pdf', '%PDF', 'application/pdf', { __ow_body: 'JVBERg==' }],
      ])('%s', async (_, body, type, expected) => {
        expect(own((await post('guest/default/echo', body, type)).json)).toEqual(expected);
      });

      test('sent in chunks, without a length', async () => {
        expect(own((await post('guest/default/echo', '{"a":1}', 'application/json', true)).json)).toEqual({ a: 1 });
      });
    });

    describe('4.4 raw actions', () => {
      test.each<[string, string, string | undefined, string]>([
        ['none', '', undefined, ''],
        ['JSON as base64', '{"a":1}', 'application/json', 'eyJhIjoxfQ=='],
        ['+json as base64', '{}', 'application/hal+json', 'e30='],
        ['form as text', 'a=1&b=2', 'application/x-www-form-urlencoded', 'a=1&b=2'],
        ['text as text', 'x', 'text/plain', 'x'],
        ['binary as base64', 'x', 'image/png', 'eA=='],
        ['without a type as base64', 'x', undefined, 'eA=='],
      ])('%s', async (_, body, type, expected) => {
        expect(own((await post('guest/default/raw', body, type)).json)).toEqual({
          __ow_query: '',
          __ow_body: expected,
        });
      });

      test('the query is decoded and encoded again, nothing merged', async () => {
        const reply = await server().call('guest/default/raw?a=x%20y&a=%2Fp%7E&t=1:2;3=4&%26=%C3%A9&flag');
        expect(own(reply.json)).toEqual({ __ow_query: 'a=x+y&a=/p~&t=1:2%3B3%3D4&%26=%C3%A9&flag', __ow_body: '' });
      });
    });

    test('three quarters of a megabyte of any bytes arrive exact', async () => {
      const bytes = Buffer.from(Array.from({ length: 768 * 1024 }, (_, i) => (i * 31) % 256));
      const reply = await post('guest/default/bytes', bytes, 'application/octet-stream');
      const { createHash } = await import('node:crypto');
      expect(reply.json).toEqual({ length: bytes.length, sha: createHash('sha256').update(bytes).digest('hex') });
    });
  },
);
