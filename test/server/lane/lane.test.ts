import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fc from 'fast-check';
import Koa from 'koa';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readBody } from '../../../src/api/body.js';
import { type Lane, openLane } from '../../../src/server/lane/lane.js';

const PREFIX = '/api/v1/namespaces/';
const open: { server: Server; lane: Lane | undefined }[] = [];

const serve = async (handler: RequestListener, lane: boolean, idleMs = 70_000) => {
  const server = createServer({ keepAliveTimeout: idleMs, maxHeaderSize: 64 * 1024 }, handler);
  const opened = { server, lane: lane ? openLane(server, { handler, prefix: PREFIX, idleMs }) : undefined };
  open.push(opened);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { ...opened, port: (server.address() as AddressInfo).port };
};

afterEach(async () => {
  for (const { server, lane } of open.splice(0)) {
    const closed = new Promise(resolve => server.close(resolve));
    lane?.destroy();
    server.closeAllConnections();
    await closed;
  }
});

/** Tells what it was sent; the path chooses how. */
const echo = new Koa();
echo.silent = true;
echo.use(async ctx => {
  const body = (await readBody(ctx.req)).toString('latin1');
  ctx.set('X-Seen', [ctx.method, 'twice']);
  if (body !== '') ctx.set('X-Latin', 'é');
  if (ctx.path.endsWith('/none')) ctx.status = 204;
  else if (ctx.path.endsWith('/bytes')) ctx.body = Buffer.from(body.repeat(2), 'latin1');
  else if (ctx.path.endsWith('/long')) ctx.body = 'é'.repeat(100_000);
  else if (ctx.path.endsWith('/broken')) throw new Error('broken');
  else if (ctx.path.endsWith('/last')) {
    ctx.set('Connection', 'close');
    ctx.body = 'the last';
  } else if (!ctx.path.endsWith('/missing')) ctx.body = { url: ctx.url, query: ctx.query, headers: ctx.headers, body };
});

/** Answers everything with one text, and counts. */
const answering = (text: string): { readonly handler: RequestListener; readonly asked: number } => {
  const app = new Koa();
  let asked = 0;
  app.use(ctx => {
    asked++;
    ctx.body = text;
  });
  return {
    handler: app.callback(),
    get asked() {
      return asked;
    },
  };
};

const client = (port: number): { socket: Socket; all: Promise<string> } => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', chunk => chunks.push(chunk));
  const all = new Promise<string>(resolve => {
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
  return { socket, all };
};

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** All that comes back for these pieces, without what differs from second to second. */
const exchange = async (port: number, pieces: readonly Buffer[]): Promise<string> => {
  const { socket, all } = client(port);
  for (const piece of pieces) {
    socket.write(piece);
    await turn();
  }
  return (await all).replace(/^Date: .*\r\n/gm, '');
};

const request = (path: string, headers = '', body = '', method = 'POST'): string =>
  `${method} ${PREFIX}${path} HTTP/1.1\r\nHost: h\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const LAST = 'GET /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

describe('the lane for plain requests', () => {
  const path = fc.constantFrom(
    '_/a',
    '_/a?x=1&x=2',
    'ns/none',
    '_/bytes',
    '_/long',
    '_/broken',
    '_/missing',
    '../ping',
  );
  const header = fc.constantFrom(
    '',
    'X-A: 1\r\n',
    'Connection: keep-alive\r\n',
    'accept:  text/html \r\n',
    'Cookie: a=1\r\nCookie: b=2\r\n',
    'X-A:\r\n',
    'X-A: \u00e9\r\n',
  );
  const plain = fc
    .tuple(
      path,
      header,
      fc.constantFrom('', '{}', '\u00ff\u0000\r\n\r\n'),
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    )
    .map(([p, h, b, m]) => request(p, h, b, m));
  const odd = fc.constantFrom(
    'GET /ping HTTP/1.1\r\nHost: h\r\n\r\n',
    `HEAD ${PREFIX}_/a HTTP/1.1\r\nHost: h\r\n\r\n`,
    `POST ${PREFIX}_/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    `POST ${PREFIX}_/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`,
    `GET ${PREFIX}_/last HTTP/1.1\r\nHost: h\r\n\r\n`,
  );
  const wire = fc.array(fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: odd }), { maxLength: 6 });

  it('answers whatever is sent, in whatever pieces, as node does', { timeout: 60_000 }, async () => {
    const [node, lane] = await Promise.all([serve(echo.callback(), false), serve(echo.callback(), true)]);
    await fc.assert(
      fc.asyncProperty(wire, fc.array(fc.nat(2_000), { maxLength: 4 }), async (requests, cuts) => {
        const bytes = Buffer.from(requests.join('') + LAST, 'latin1');
        const at = [0, ...cuts.filter(cut => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(await exchange(lane.port, pieces)).toBe(await exchange(node.port, pieces));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['that is none', 'nonsense\r\n\r\n'],
    ['without a host', `GET ${PREFIX}_/a HTTP/1.1\r\n\r\n`],
    ['with a space in a name', `GET ${PREFIX}_/a HTTP/1.1\r\nHost : h\r\n\r\n`],
    ['with two lengths', request('_/a', 'Content-Length: 3\r\n', '{}')],
    ['with a length and chunks', request('_/a', 'Transfer-Encoding: chunked\r\n', '{}')],
    ['with a head that is too long', request('_/a', `X-A: ${'a'.repeat(70_000)}\r\n`)],
  ])('refuses as node does a request %s, also after others', async (_, text) => {
    const replies = [false, true].map(async lane => {
      const { port } = await serve(echo.callback(), lane);
      const { socket, all } = client(port);
      socket.write(request('_/a'));
      await new Promise(resolve => socket.once('data', resolve));
      socket.write(text);
      return (await all).replace(/^Date: .*\r\n/gm, '');
    });
    const [node, lane] = await Promise.all(replies);
    expect(lane).toBe(node);
    expect(lane).toMatch(/^HTTP\/1.1 200 .*HTTP\/1.1 4\d\d /s);
  });

  it('refuses as node does a request whose body breaks off', async () => {
    const replies = [false, true].map(async lane => {
      const { port } = await serve(echo.callback(), lane);
      const { socket, all } = client(port);
      socket.end(request('_/a', '', 'body').slice(0, -1));
      return all;
    });
    const [node, lane] = await Promise.all(replies);
    expect(lane).toMatch(/^HTTP\/1.1 400 /);
    expect(lane).toBe(node);
  });

  it('gives up a request whose body does not come within the time', async () => {
    const { port } = await serve(echo.callback(), true, 40);
    const { socket, all } = client(port);
    socket.write(request('_/a', '', 'body').slice(0, -1));
    expect(await all).toMatch(/^HTTP\/1.1 408 /);
  });

  it('takes head and body sent apart, and a request cut in three', async () => {
    const { port, server } = await serve(echo.callback(), true);
    const handed = vi.fn();
    server.on('request', handed);
    const { socket } = client(port);
    const text = request('_/bytes', '', 'body');
    const answered = (): Promise<Buffer> => new Promise(resolve => socket.once('data', resolve));
    const send = async (...pieces: string[]): Promise<string> => {
      const reply = answered();
      for (const piece of pieces) {
        socket.write(piece);
        await turn();
        await turn();
      }
      return (await reply).toString();
    };
    expect(await send(text.slice(0, -4), 'body')).toMatch(/bodybody$/);
    expect(await send(text)).toMatch(/bodybody$/);
    expect(handed).not.toHaveBeenCalled();
    expect(await send(text.slice(0, -4), 'bo', 'dy')).toMatch(/bodybody$/);
    socket.destroy();
  });

  it('answers who has ended his own direction, and closes', async () => {
    const { port } = await serve(echo.callback(), true);
    const { socket, all } = client(port);
    socket.end(request('_/a') + request('_/b'));
    expect((await all).match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });

  it('closes a connection that was idle for the time, and none whose request is being answered', async () => {
    let answer: (() => void) | undefined;
    const app = new Koa();
    app.use(async ctx => {
      await new Promise<void>(resolve => {
        answer = resolve;
      });
      ctx.body = 'slept';
    });
    const { port } = await serve(app.callback(), true, 40);
    const idle = client(port);
    const busy = client(port);
    busy.socket.write(request('_/a'));
    expect(await idle.all).toBe('');
    await expect.poll(() => answer).toBeDefined();
    answer?.();
    expect(await busy.all).toMatch(/Keep-Alive: timeout=0\r\n\r\nslept$/);
  });

  it('closes what is idle when it is told to, and what is not with force', async () => {
    const app = new Koa();
    let asked = 0;
    app.use(() => {
      asked++;
      return new Promise(() => {});
    });
    const { port, lane, server } = await serve(app.callback(), true);
    const connected = new Promise(resolve => server.once('connection', resolve));
    const idle = client(port);
    await connected;
    const busy = client(port);
    busy.socket.write(request('_/a'));
    await expect.poll(() => asked).toBe(1);
    lane?.closeIdle();
    expect(await idle.all).toBe('');
    expect(busy.socket.destroyed).toBe(false);
    lane?.destroy();
    expect(await busy.all).toBe('');
  });

  it('goes on when a client breaks off before its answer', async () => {
    let answer: (() => void) | undefined;
    const app = new Koa();
    app.use(async ctx => {
      if (ctx.path.endsWith('/slow')) {
        await new Promise<void>(resolve => {
          answer = resolve;
        });
      }
      ctx.body = 'x'.repeat(100_000);
    });
    const { port, server } = await serve(app.callback(), true);
    const closed = new Promise(resolve => server.once('connection', socket => socket.once('close', resolve)));
    const { socket } = client(port);
    socket.write(request('_/slow'));
    await expect.poll(() => answer).toBeDefined();
    socket.resetAndDestroy();
    await closed;
    answer?.();
    expect(await exchange(port, [Buffer.from(request('_/a') + LAST)])).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it('reads no further ahead than a socket does while a client takes no answers', async () => {
    const app = answering('x'.repeat(1024 * 1024));
    const { port } = await serve(app.handler, true);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.pause();
    socket.write(request('_/a').repeat(1_000));
    await expect.poll(() => app.asked).toBeGreaterThan(0);
    const seen: number[] = [];
    // As many were asked at two looks, one behind the other: it waits.
    const steady = (): boolean => seen.push(app.asked) > 1 && seen.at(-1) === seen.at(-2);
    await expect.poll(steady, { interval: 200 }).toBe(true);
    expect(app.asked).toBeLessThan(50);
    socket.destroy();
  });

  it('asks a client that takes no answers for no more requests, however it sends them', async () => {
    const app = answering('x'.repeat(1024 * 1024));
    const { port, server } = await serve(app.handler, true);
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve));
    const socket = connect({ port, host: '127.0.0.1' });
    socket.pause();
    const there = await accepted;
    for (let sent = 0; sent < 60; sent++) {
      const read = there.bytesRead;
      socket.write(request('_/a'));
      if (!there.isPaused()) await expect.poll(() => there.bytesRead, { interval: 1 }).toBeGreaterThan(read);
    }
    expect(app.asked).toBeLessThan(30);
    expect(there.writableLength).toBeLessThan(4 * 1024 * 1024);
    socket.destroy();
  });

  it('runs nothing that comes behind an answer that was the last', async () => {
    const seen: string[] = [];
    const app = new Koa();
    app.use(ctx => {
      seen.push(ctx.path);
      ctx.set('Connection', 'Close');
      ctx.body = 'the last';
    });
    const { port, server } = await serve(app.callback(), true);
    for (const behind of ['at once', 'later']) {
      const closed = new Promise(resolve => server.once('connection', socket => socket.once('close', resolve)));
      const { socket, all } = client(port);
      socket.write(request('_/first') + (behind === 'at once' ? request('_/second') : ''));
      await new Promise(resolve => socket.once('data', resolve));
      if (!socket.destroyed) socket.write(request('_/third'));
      expect(await all).toMatch(/Connection: Close\r\n(?!.*keep-alive).*the last$/is);
      await closed;
    }
    expect(seen).toEqual([`${PREFIX}_/first`, `${PREFIX}_/first`]);
  });

  it('lets an answer out that is still on its way when idle connections are closed', async () => {
    const long = 'x'.repeat(32 * 1024 * 1024);
    const { port, lane, server } = await serve(answering(long).handler, true);
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve));
    const { socket, all } = client(port);
    socket.pause();
    socket.write(request('_/a'));
    const there = await accepted;
    await expect.poll(() => there.writableLength).toBeGreaterThan(0);
    lane?.closeIdle();
    socket.resume();
    await expect.poll(() => there.writableLength).toBe(0);
    lane?.closeIdle();
    expect((await all).length).toBeGreaterThan(long.length);
  });

  it('breaks with a client that takes neither its answer nor goes on with its next request', async () => {
    const { port, server } = await serve(answering('x'.repeat(32 * 1024 * 1024)).handler, true, 100);
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve));
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.pause();
    socket.write(request('_/a') + request('_/b', '', 'body').slice(0, -1));
    const there = await accepted;
    await new Promise(resolve => there.once('close', resolve));
    socket.destroy();
  });
});
