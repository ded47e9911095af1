import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http } from '../../src/messages.js';
import { restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { exchange, head } from './socket.js';

let server: TestServer;
let rest: ReturnType<typeof restClient>;
beforeAll(async () => {
  server = await startTestServer();
  rest = restClient(server.url, server.auth);
  await rest.action('echo', 'const main = args => args');
});
afterAll(async () => {
  // Whatever was thrown at it: it still serves.
  expect((await rest.post('_/actions/echo?blocking=true&result=true', { alive: true })).json).toEqual({ alive: true });
  await server[Symbol.asyncDispose]();
});

const ECHO = '/api/v1/namespaces/_/actions/echo?blocking=true&result=true';
const JSON_TYPE = 'Content-Type: application/json';
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

describe('sockets', () => {
  it('a body in slow chunks', async () => {
    const body = '{"slow":"body"}';
    const { text, statuses } = await exchange(server.url, async socket => {
      socket.write(head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Transfer-Encoding: chunked']));
      for (const c of body) {
        socket.write(`1\r\n${c}\r\n`);
        await pause(2);
      }
      socket.write('0\r\n\r\n');
    });
    expect(statuses).toEqual([200]);
    expect(text).toContain(body);
  });

  it('a body broken off half way; the server does not mind', async () => {
    for (const [method, path] of [
      ['POST', ECHO],
      ['PUT', '/api/v1/namespaces/_/actions/half'],
      ['POST', '/api/v1/namespaces/_/triggers/none'],
      ['POST', '/api/v1/web/guest/default/echo.json'],
    ] as const) {
      const { statuses } = await exchange(server.url, socket => {
        socket.write(`${head(server.auth, method, path, [JSON_TYPE, 'Content-Length: 1000'])}{"half":`);
        setTimeout(() => socket.destroy(), 20);
      });
      // Some are refused before the body is looked at.
      for (const status of statuses) expect(status).toBeLessThan(500);
    }
  });

  it('half-closed sockets are answered or closed, never left hanging', async () => {
    const half = await exchange(server.url, socket => {
      socket.end(`${head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Content-Length: 1000'])}{"half":`);
    });
    for (const status of half.statuses) expect(status).toBe(400);
    const whole = await exchange(server.url, socket => {
      socket.end(`${head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Content-Length: 11'])}{"whole":1}`);
    });
    for (const status of whole.statuses) expect(status).toBe(200);
  });

  it('pipelined requests are answered in order', async () => {
    const one = (n: number): string => {
      const body = JSON.stringify({ n });
      return `${head(server.auth, 'POST', ECHO, [JSON_TYPE, `Content-Length: ${body.length}`])}${body}`;
    };
    const { text, statuses } = await exchange(
      server.url,
      socket => void socket.write([1, 2, 3, 4, 5].map(one).join('')),
      5,
    );
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect([...text.matchAll(/\{"n":(\d)\}/g)].map(m => m[1])).toEqual(['1', '2', '3', '4', '5']);
  });

  it('10,000 headers, one enormous header', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `X-H${i}: v`);
    for (const headers of [many, [`X-Big: ${'x'.repeat(200_000)}`]]) {
      const { statuses } = await exchange(
        server.url,
        socket => void socket.write(head(server.auth, 'GET', '/ping', headers)),
      );
      expect(statuses).toEqual([431]);
    }
  });

  it('no HTTP at all, smuggling attempts, bad chunks', async () => {
    const heads = [
      'nonsense\r\n\r\n',
      '\x00\x01\x02\x16\x03\x01\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Content-Length: 5', 'Transfer-Encoding: chunked']),
      head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Content-Length: 5', 'Content-Length: 6']),
      head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Content-Length: -5']),
      `${head(server.auth, 'POST', ECHO, [JSON_TYPE, 'Transfer-Encoding: chunked'])}zz\r\nxx\r\n`,
    ];
    for (const bytes of heads) {
      const { statuses } = await exchange(server.url, socket => void socket.write(bytes));
      expect([bytes.slice(0, 40), statuses[0]]).toEqual([bytes.slice(0, 40), 400]);
    }
  });

  it('a thousand connections that say nothing do not keep others out', async () => {
    const quiet = Array.from({ length: 1000 }, () => exchange(server.url, () => {}).catch(() => undefined));
    expect((await rest.get('/ping')).text).toBe('pong');
    void Promise.allSettled(quiet);
  });
});

describe('bodies', () => {
  const post = (body: string | Buffer, path = ECHO): Promise<Response> =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(server.auth).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: body as BodyInit,
    });

  it('invalid UTF-8 never is a 500', async () => {
    for (const bytes of [
      [0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d],
      [0xc3, 0x28],
      [0xed, 0xa0, 0x80],
      [0xef, 0xbb, 0xbf, 0x7b, 0x7d],
    ])
      expect((await post(Buffer.from(bytes))).status).toBeLessThan(500);
  });

  it('duplicate keys: the last one counts, as in every container', async () => {
    expect(await (await post('{"a":1,"a":2}')).json()).toEqual({ a: 2 });
  });

  it('__proto__, constructor and toString are keys like others', async () => {
    const body = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}';
    expect((await post(body)).status).toBe(200);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const put = await rest.put(`_/actions/${name}`, {
        exec: { kind: 'nodejs:20', code: 'const main = args => args' },
      });
      expect([name, put.status]).toEqual([name, 200]);
      expect((await rest.post(`_/actions/${name}?blocking=true&result=true`, { n: 1 })).json).toEqual({ n: 1 });
      expect((await rest.put(`_/triggers/t-${name}`, { parameters: [{ key: name, value: 1 }] })).status).toBe(200);
    }
    const annotated = await rest.put('_/packages/proto', { annotations: [{ key: '__proto__', value: { x: 1 } }] });
    expect(annotated.status).toBe(200);
  });

  it.each([1001, 10_000, 200_000])('nesting of %i', async depth => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
      const reply = await post(`{"deep":${deep}}`);
      expect(reply.status).toBe(deep.length > 1024 * 1024 ? 413 : 400);
      for (const path of ['actions/deep', 'triggers/deep', 'packages/deep', 'rules/deep']) {
        const body = `{"annotations":[{"key":"deep","value":${deep}}]}`;
        const { status, json } = await rest.put(`_/${path}`, body);
        expect([path, status]).toEqual([path, 400]);
        expect(json.error).toBe(http.malformed(http.nestedTooDeeply(1000)));
      }
    }
  });

  it.each([1500, 100_000])('a result that nests %i deep is the action’s fault', async depth => {
    for (const shape of ['{ deep: JSON.parse(text) }', '{ error: JSON.parse(text) }', '{ params: JSON.parse(text) }']) {
      const code = `const main = () => { const text = '['.repeat(${depth}) + ']'.repeat(${depth}); return ${shape}; }`;
      await rest.action('deep-result', code, { annotations: [{ key: 'conductor', value: shape.includes('params') }] });
      const { status, json } = await rest.post('_/actions/deep-result?blocking=true', {});
      expect([200, 502]).toContain(status);
      expect(['success', 'application error', 'action developer error']).toContain(json.response.status);
      expect((await rest.get(`_/activations/${json.activationId}`)).status).toBe(200);
    }
  });

  it('names in every script', async () => {
    for (const name of [
      'größe',
      '动作',
      'имя',
      'عمل',
      '🎉',
      'a\u0000b',
      '..',
      '.',
      '%2e%2e',
      'a%2Fb',
      '%00',
      ' ',
      'x'.repeat(300),
    ]) {
      for (const kind of ['actions', 'triggers', 'rules', 'packages'])
        for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
          const body = method === 'GET' || method === 'DELETE' ? undefined : {};
          const { status } = await rest.request(method, `_/${kind}/${encodeURIComponent(name)}`, { body });
          expect([name, kind, method, status, status < 500]).toEqual([name, kind, method, status, true]);
        }
    }
  });
});
