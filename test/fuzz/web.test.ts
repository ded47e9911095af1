import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentKind, parseMediaType } from '../../src/api/media-type.js';
import { type HttpReply, http } from '../support/http.js';
import { type WebServer, webServer } from '../support/web.js';

/** Tells what arrived; an ordinary action gets members of objects and forms beside the context. */
const TELL = 'function main(args) { return { body: args } }';

let server: WebServer;
beforeAll(async () => {
  server = await webServer();
  await server.web('merged', TELL);
  await server.web('raw', TELL, { 'raw-http': true });
});
afterAll(async () => {
  expect((await server.call('guest/default/merged?alive=1')).json).toMatchObject({ alive: '1' });
  await server[Symbol.asyncDispose]();
});

const BOUNDARY = 'part-of-a-test';
const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array));
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
/** What HTTP lets a header's value be. */
const headerValue = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e])?$/);

/** A form with parts: mostly sound, sometimes cut off, without an end, with strange headers. */
const multipart = fc
  .tuple(
    fc.array(
      fc.record({ name: fc.string({ maxLength: 8 }), file: fc.option(fc.string({ maxLength: 8 })), data: bytes }),
      {
        maxLength: 4,
      },
    ),
    fc.nat(400),
    fc.boolean(),
  )
  .map(([parts, cut, whole]) => {
    const pieces = parts.flatMap(({ name, file, data }) => [
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`),
      Buffer.from(file === null ? '\r\n\r\n' : `; filename="${file}"\r\nContent-Type: application/x-test\r\n\r\n`),
      data,
      Buffer.from('\r\n'),
    ]);
    const body = Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
    return whole ? body : body.subarray(0, cut);
  });

const request = fc.record({
  action: fc.constantFrom('merged', 'raw'),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  extension: fc.constantFrom('', '.json', '.http', '.text', '.html', '.svg'),
  path: fc.array(fc.string({ maxLength: 6, unit: 'binary' }).map(encodeURIComponent), { maxLength: 3 }),
  query: fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9=&+;,/?:@!$'()*%_-]{0,30}$/),
    fc
      .array(fc.tuple(fc.string({ unit: 'binary', maxLength: 5 }), fc.string({ unit: 'binary', maxLength: 5 })))
      .map(pairs => String(new URLSearchParams(pairs))),
  ),
  headers: fc.dictionary(
    token.filter(
      name => !/^(connection|upgrade|expect|host|transfer-encoding|content-|te$|trailer|keep-alive)/i.test(name),
    ),
    headerValue,
    { maxKeys: 4 },
  ),
  body: fc.oneof(
    fc.record({ type: fc.constant(`multipart/form-data; boundary=${BOUNDARY}`), data: multipart }),
    fc.record({ type: fc.constant('application/json'), data: fc.json().map(text => Buffer.from(text)) }),
    fc.record({
      type: fc.oneof(
        fc.constantFrom(
          'application/json',
          'application/x-www-form-urlencoded',
          'text/plain; charset=utf-8',
          'image/png',
          'multipart/form-data',
          'x',
        ),
        headerValue,
      ),
      data: bytes,
    }),
    fc.constant(undefined),
  ),
  chunked: fc.boolean(),
});

type Made = typeof request extends fc.Arbitrary<infer T> ? T : never;

const send = ({ action, method, extension, path, query, headers, body, chunked }: Made): Promise<HttpReply> =>
  server.call(`guest/default/${action}${extension}${path.map(part => `/${part}`).join('')}${query && `?${query}`}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': body.type }) },
    ...(body && { body: body.data, chunked }),
  });

it('whatever is sent to a web action: an answer, never a server error', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(request, async made => {
      const { status, text } = await send(made);
      expect([status, status < 500 ? '' : text]).toEqual([status, '']);
    }),
    { numRuns: 800, seed: 7 },
  );
});

it('a body that is not text arrives exact to the byte, multipart forms too', { timeout: 120_000 }, async () => {
  const types = fc.oneof(
    fc.constantFrom(`multipart/form-data; boundary=${BOUNDARY}`, 'application/octet-stream', 'image/png'),
    headerValue.filter(type => {
      const parsed = parseMediaType(type);
      return parsed !== undefined && contentKind(parsed) === 'binary';
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('merged', 'raw'),
      types,
      fc.oneof(bytes, multipart),
      fc.boolean(),
      async (action, type, body, chunked) => {
        const { json } = await http(`${server.url}/api/v1/web/guest/default/${action}.json`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
          chunked,
        });
        const member = json.body ?? json;
        expect(Buffer.from(member.__ow_body, 'base64').equals(body)).toBe(true);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});
