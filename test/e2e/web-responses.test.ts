import { describe, expect, test } from 'vitest';
import { defaultText, http as httpText, web as text } from '../../src/messages.js';
import { overBothDrivers, SCRIPTED } from '../support/web.js';

const HTML = 'text/html; charset=UTF-8';
const PLAIN = 'text/plain; charset=UTF-8';
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

overBothDrivers(
  'web actions: responses',
  async server => {
    await server.web('scripted', SCRIPTED);
    await server.web(
      'megabyte',
      `function main() {
         const bytes = Buffer.alloc(786_000, 0);
         for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7) % 256;
         return { headers: { 'content-type': 'application/octet-stream' }, body: bytes.toString('base64') };
       }`,
    );
    await server.web(
      'whoami',
      'function main({ __ow_method }) { return { headers: { verb: __ow_method }, body: "text" } }',
    );
  },
  server => {
    const failed = (fail: unknown, extension: string) =>
      server().call(`guest/default/scripted.${extension}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ fail }),
      });

    describe('4.5 outcomes', () => {
      test('success carries the activation’s id, and the record is there', async () => {
        const { returned, rest } = server();
        const reply = await returned('json', { a: 1 });
        const id = String(reply.headers['x-openwhisk-activation-id']);
        expect([reply.status, reply.text]).toEqual([200, '{\n  "a": 1\n}']);
        expect((await rest.get(`_/activations/${id}`)).json.response.result).toEqual({ a: 1 });
      });

      test.each<[string, unknown, number, string]>([
        ['http', { statusCode: 403, body: 'no' }, 403, 'no'],
        ['http', { any: 1 }, 204, ''],
        ['html', 'text', 200, 'text'],
        ['svg', 'text', 200, 'text'],
        ['text', 'text', 200, 'text'],
        ['json', { a: 1 }, 200, '{\n  "a": 1\n}'],
        ['json', ['x'], 200, '["x"]'],
      ])('application error, .%s: the value of `error` %j', async (extension, error, status, body) => {
        const reply = await failed(error, extension);
        expect([reply.status, reply.text]).toEqual([status, body]);
        expect(reply.headers).toHaveProperty('x-openwhisk-activation-id');
      });

      test.each([
        ['http', 'message/http'],
        ['json', 'application/json'],
      ])('application error that is a text, .%s: 400', async (extension, type) => {
        const reply = await failed('text', extension);
        expect([reply.status, reply.json.error]).toEqual([400, text.notValid(type)]);
      });

      test.each(['http', 'json', 'html', 'text'])('an array as the result, .%s: 500', async extension => {
        const reply = await server().returned(extension, [1]);
        expect([reply.status, reply.text]).toEqual([500, defaultText[500]]);
        expect(reply.headers['content-type']).toBe(PLAIN);
        for (const header of ['x-request-id', 'x-openwhisk-activation-id', 'access-control-allow-origin']) {
          expect(reply.headers).not.toHaveProperty(header);
        }
      });

      test('developer error: 400', async () => {
        const reply = await failed('throw', 'json');
        expect([reply.status, reply.json.error]).toEqual([400, text.failed]);
        expect(reply.headers).toHaveProperty('x-openwhisk-activation-id');
        expect(reply.headers['access-control-allow-origin']).toBe('*');
      });
    });

    describe('4.6 transcoders', () => {
      test.each<[string, unknown, string, string]>([
        ['json', { a: [1], b: {} }, 'application/json', '{\n  "a": [1],\n  "b": {\n\n  }\n}'],
        ['html', { html: '<p>' }, HTML, '<p>'],
        ['html', { body: '<b>' }, HTML, '<b>'],
        ['svg', { svg: '<svg/>' }, 'image/svg+xml', '<svg/>'],
        ['text', { text: 'x' }, PLAIN, 'x'],
        ['text', { body: { a: 1 } }, PLAIN, '{\n  "a": 1\n}'],
        ['text', { body: 1.5 }, PLAIN, '1.5'],
        ['text', { body: false }, PLAIN, 'false'],
        ['text', { body: null }, PLAIN, 'null'],
      ])('.%s of %j', async (extension, result, type, body) => {
        const reply = await server().returned(extension, result);
        expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([200, type, body]);
      });

      test.each<[string, unknown, number, string]>([
        ['html', { a: 1 }, 400, text.notValid('text/html')],
        ['svg', { a: 1 }, 400, text.notValid('image/svg+xml')],
        ['text', { a: 1 }, 404, text.missingProperty],
      ])('.%s of %j: %i', async (extension, result, status, error) => {
        const reply = await server().returned(extension, result);
        expect([reply.status, reply.json.error]).toEqual([status, error]);
      });
    });

    describe('4.6 .http', () => {
      const http = (result: unknown, headers = {}) => server().returned('http', result, { headers });

      test.each<[unknown, number]>([
        [{ statusCode: 200 }, 200],
        [{ statusCode: '201' }, 201],
        [{ statusCode: 444 }, 444],
        [{ statusCode: 599 }, 599],
        [{}, 204],
        [{ body: '' }, 204],
        [{ body: null }, 204],
        [{ statusCode: 204, body: 'dropped' }, 204],
        [{ statusCode: 304, body: 'dropped' }, 304],
        [{ statusCode: 200, headers: { 'content-type': 'text/html' } }, 200],
      ])('%j: status %i, no entity', async (result, status) => {
        const reply = await http(result, { accept: 'image/png' });
        expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([status, '', undefined]);
      });

      test.each<unknown>([99, 600, 200.5, true, null, 'x'])('statusCode %j: 400', async statusCode => {
        const reply = await http({ statusCode, body: 'x' });
        expect([reply.status, reply.json.error]).toEqual([400, text.notValid('message/http')]);
      });

      test('headers: text, numbers, booleans; arrays repeat; Set-Cookie twice', async () => {
        const reply = await http({
          headers: { 'Set-Cookie': ['a=b; Path=/', 'c=d'], 'X-N': 5, 'x-t': true, 'X-List': ['1', 2] },
        });
        expect(reply.headers['set-cookie']).toEqual(['a=b; Path=/', 'c=d']);
        expect(reply.headers).toMatchObject({ 'x-n': '5', 'x-t': 'true', 'x-list': '1, 2' });
        expect(reply.rawHeaders.filter(name => name === 'X-List')).toHaveLength(2);
      });

      test.each<unknown>([{ headers: { x: null } }, { headers: { x: {} } }, { headers: 'x' }, { headers: [] }])(
        '%j: 400',
        async result => {
          expect((await http(result)).json.error).toBe(text.notValid('message/http'));
        },
      );

      test('Location and 302: a redirect without a body', async () => {
        const reply = await http({ statusCode: 302, headers: { location: 'http://openwhisk.org/' } });
        expect([reply.status, reply.headers.location, reply.text]).toEqual([302, 'http://openwhisk.org/', '']);
      });

      test.each<[unknown, string, string]>([
        [{ body: '<p>' }, HTML, '<p>'],
        [{ body: 'x', headers: { 'Content-Type': 'text/plain' } }, PLAIN, 'x'],
        [{ body: '<a/>', headers: { 'content-type': 'application/xml' } }, 'application/xml; charset=UTF-8', '<a/>'],
        [{ body: '{"a":1}', headers: { 'content-type': 'application/json' } }, 'application/json', '{"a":1}'],
        [{ body: 'eyJhIjoxfQ==', headers: { 'content-type': 'application/json' } }, 'application/json', '{"a":1}'],
        [{ body: { a: 1 } }, 'application/json', '{\n  "a": 1\n}'],
        [{ body: [1, 'x'] }, 'application/json', '[1, "x"]'],
        [{ body: 7 }, 'application/json', '7'],
        [{ body: true }, 'application/json', 'true'],
        [{ body: {}, headers: { 'content-type': 'application/hal+json' } }, 'application/hal+json', '{\n\n}'],
      ])('%j', async (result, type, body) => {
        const reply = await http(result);
        expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([200, type, body]);
      });

      test('a picture from base64, and what is not base64', async () => {
        const picture = await http({ body: PNG, headers: { 'content-type': 'image/png' } });
        expect([picture.status, picture.headers['content-type']]).toEqual([200, 'image/png']);
        expect(picture.bytes).toEqual(Buffer.from(PNG, 'base64'));
        const wrong = await http({ body: 'no base64!', headers: { 'content-type': 'image/png' } });
        expect([wrong.status, wrong.json.error]).toEqual([400, text.typeMismatch]);
      });

      test.each<[unknown, string]>([
        [{ body: { a: 1 }, headers: { 'content-type': 'text/html' } }, text.typeMismatch],
        [{ body: 'x', headers: { 'content-type': 'nonsense' } }, text.unknownType],
      ])('%j: 400', async (result, error) => {
        const reply = await http(result);
        expect([reply.status, reply.json.error]).toEqual([400, error]);
      });

      test('a large binary response is exact to the byte', async () => {
        const reply = await server().call('guest/default/megabyte');
        const expected = Buffer.from(Array.from({ length: 786_000 }, (_, i) => (i * 7) % 256));
        expect(reply.headers['content-length']).toBe(String(expected.length));
        expect(reply.bytes.equals(expected)).toBe(true);
      });

      test('Accept: what does not match is 406, compact, without CORS and id; not for failures', async () => {
        const refused = await http({ body: 'text' }, { accept: 'application/json' });
        expect([refused.status, refused.json.error]).toEqual([406, httpText.notAcceptable(HTML)]);
        expect(refused.text).not.toContain('\n  "');
        for (const header of ['access-control-allow-origin', 'x-openwhisk-activation-id']) {
          expect(refused.headers).not.toHaveProperty(header);
        }
        expect((await http({ body: 'text' }, { accept: 'text/*;q=0.1' })).status).toBe(200);
        expect((await http({ body: 'x', statusCode: 404 }, { accept: 'application/json' })).text).toBe('x');
      });

      test('HEAD: the action sees it; status and headers are sent, the body is not', async () => {
        const reply = await server().call('guest/default/whoami', { method: 'HEAD' });
        expect([reply.status, reply.text, reply.headers['verb']]).toEqual([200, '', 'head']);
        expect(reply.headers['content-length']).toBe('4');
      });
    });

    test('1.5 CORS: any origin, the default headers', async () => {
      expect((await server().returned('json', {})).headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH',
        'access-control-allow-headers': 'Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent',
      });
    });
  },
);
