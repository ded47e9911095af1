import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/web/request.js';

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

/** What a request with these lines gives over HTTP/1.1. */
const overHttp1 = (lines: readonly string[]): Promise<Record<string, string>> =>
  new Promise((resolve, reject) => {
    const server = createServer((req, res) => {
      resolve(requestHeaders(req));
      res.end();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      const socket = connectTcp(portOf(server), '127.0.0.1').on('error', reject).resume();
      socket.end(`GET / HTTP/1.1\r\n${['Host: h', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    });
  });

const overHttp2 = (headers: OutgoingHttpHeaders): Promise<Record<string, string>> =>
  new Promise((resolve, reject) => {
    const server = createHttp2((req, res) => {
      resolve(requestHeaders(req as unknown as IncomingMessage));
      res.end();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      const session = connect(`http://127.0.0.1:${portOf(server)}`).on('error', reject);
      session
        .request(headers)
        .on('close', () => session.close())
        .resume();
    });
  });

describe('of equal request headers the last counts', () => {
  test.each<[string, string[], Record<string, string>]>([
    ['any', ['X-Foo: a', 'x-foo: b', 'X-Bar: c'], { 'x-foo': 'b', 'x-bar': 'c' }],
    ['cookies', ['Cookie: a=1', 'Cookie: b=2'], { cookie: 'b=2' }],
    ['what node keeps the first of', ['User-Agent: a', 'User-Agent: b'], { 'user-agent': 'b' }],
    ['what node keeps all of', ['Set-Cookie: a', 'Set-Cookie: b'], { 'set-cookie': 'b' }],
    ['what is not passed', ['X-OW-EXTRA-LOGGING: on', 'X-OW-EXTRA-LOGGING: on'], {}],
    ['a list in one line', ['X-Foo: a, b'], { 'x-foo': 'a, b' }],
  ])('%s', async (_, lines, expected) =>
    expect(await overHttp1(lines)).toEqual({ host: 'h', connection: 'close', ...expected }),
  );

  test('but for those the server goes by itself', async () => {
    const lines = ['Accept: text/html', 'Accept: image/png', 'Authorization: a', 'Authorization: b'];
    expect(await overHttp1(lines)).toMatchObject({ accept: 'text/html, image/png', authorization: 'a', host: 'h' });
  });

  test('over HTTP/2, where one Cookie may come in several pieces', async () => {
    const headers = await overHttp2({ 'x-foo': ['a', 'b'], cookie: ['a=1', 'b=2'] });
    expect(headers).toMatchObject({ 'x-foo': 'b', cookie: 'a=1; b=2', host: expect.stringMatching(/^127/) });
    expect(Object.keys(headers).filter(name => name.startsWith(':'))).toEqual([]);
  });
});
