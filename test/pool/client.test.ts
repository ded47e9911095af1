import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ContainerClient } from '../../src/pool/client.js';
import { FakeClock } from '../support/fake-clock.js';

const LIMIT = 20_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const listen = async (server: Server | TcpServer, port = 0): Promise<{ host: string; port: number }> => {
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  cleanups.push(() => new Promise(resolve => server.close(resolve)));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
};

const http = (answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks).toString(), response));
  });
  return listen(server);
};

/** A server of bare sockets: `answer` is called when the whole head of a request has come. */
const tcp = (answer: (socket: Socket, request: number) => void, sockets = new Set<Socket>()) => {
  let requests = 0;
  const server = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', chunk => {
      if (chunk.includes('\r\n\r\n')) answer(socket, ++requests);
    });
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
};

const connect = (...[address, options]: ConstructorParameters<typeof ContainerClient>): ContainerClient => {
  const client = new ContainerClient(address, options);
  cleanups.push(() => client.close());
  return client;
};

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('ContainerClient', () => {
  it('posts JSON with a length over a connection it keeps, and hands back status and body', async () => {
    const ports = new Set<number | undefined>();
    const seen: unknown[] = [];
    const address = await http((request, body, response) => {
      ports.add(request.socket.remotePort);
      const { method, url, headers } = request;
      seen.push([method, url, headers['content-type'], headers.accept, headers['content-length'], body]);
      response.writeHead(502, { 'content-length': 3 }).end('{"}');
    });
    const client = connect(address);
    expect(await client.init('{"a":"é"}', LIMIT)).toMatchObject({ kind: 'response', status: 502 });
    for (let i = 0; i < 5; i++) {
      const result = await client.run(Buffer.from('{}'), LIMIT);
      const body = Buffer.from('{"}');
      expect(result).toEqual({ kind: 'response', status: 502, body, truncated: false, length: 3, silent: false });
    }
    expect(seen[0]).toEqual(['POST', '/init', 'application/json', 'application/json', '10', '{"a":"é"}']);
    expect(seen[1]).toEqual(['POST', '/run', 'application/json', 'application/json', '2', '{}']);
    expect(ports.size).toBe(1);
  });

  it('allows the container to leave the sentinels out, for a run only, and says whether it did', async () => {
    const seen: unknown[] = [];
    const address = await http((request, _body, response) => {
      const asked = request.headers['x-miniwhisk-sentinels'];
      seen.push([request.url, asked]);
      response.writeHead(200, { 'content-length': 2, ...(asked && { 'X-Miniwhisk-Sentinels': 'none' }) }).end('{}');
    });
    const client = connect(address);
    expect(await client.init('{}', LIMIT)).toMatchObject({ silent: false });
    expect(await client.run('{}', LIMIT)).toMatchObject({ silent: false });
    expect(await client.run('{}', LIMIT, true)).toMatchObject({ silent: true });
    expect(seen).toEqual([
      ['/init', undefined],
      ['/run', undefined],
      ['/run', 'optional'],
    ]);
  });

  it('sends a run ahead that has no time limit until it is given one, and asks how long it took', async () => {
    const waiting: ServerResponse[] = [];
    const seen: unknown[] = [];
    const address = await http((request, _body, response) => {
      seen.push(request.headers['x-miniwhisk-took']);
      waiting.push(response);
    });
    const clock = new FakeClock();
    const client = connect(address, { clock });
    const answered = client.ahead('{}', false);
    await expect.poll(() => waiting.length).toBe(1);
    expect(answered.sent).toBe(true);
    clock.advance(10 * LIMIT);
    waiting[0]?.writeHead(200, { 'content-length': 2, 'x-miniwhisk-took': '3.25' }).end('{}');
    expect(await answered.result).toMatchObject({ kind: 'response', status: 200, took: 3.25 });
    answered.limit(1);
    expect(clock.pending).toBe(0);

    const late = client.ahead('{}', false);
    await expect.poll(() => waiting.length).toBe(2);
    late.limit(LIMIT);
    clock.advance(LIMIT);
    expect(await late.result).toEqual({ kind: 'timeout' });
    expect(seen).toEqual(['wanted', 'wanted']);
  });

  it('speaks over a unix socket', async context => {
    if (process.platform === 'win32') return context.skip();
    const folder = mkdtempSync(join(tmpdir(), 'client-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, 's');
    const server = createServer((_request, response) => response.writeHead(200, { 'content-length': 2 }).end('{}'));
    const client = connect({ socketPath });
    const init = client.init('{}', LIMIT);
    await new Promise<void>(resolve => server.listen(socketPath, resolve));
    cleanups.push(() => new Promise(resolve => server.close(resolve)));
    expect(await init).toMatchObject({ kind: 'response', status: 200 });
  });

  it('has as many calls under way as it has connections', async () => {
    const waiting: ServerResponse[] = [];
    const address = await http((_request, _body, response) => {
      waiting.push(response);
      if (waiting.length === 3) for (const r of waiting) r.writeHead(200, { 'content-length': 2 }).end('{}');
    });
    const client = connect(address, { connections: 3 });
    const results = await Promise.all([1, 2, 3].map(() => client.run('{}', LIMIT)));
    expect(results.map(r => r.kind)).toEqual(['response', 'response', 'response']);
  });

  it('keeps the beginning of a long body and counts the rest', async () => {
    const address = await http((_request, _body, response) => {
      response.writeHead(200, { 'content-length': 3_000_000 });
      response.write(Buffer.alloc(1_000_000, 'a'));
      response.end(Buffer.alloc(2_000_000, 'b'));
    });
    const result = await connect(address, { maxBody: 1_500_000 }).run('{}', LIMIT);
    if (result.kind !== 'response') throw new Error(result.kind);
    expect({ truncated: result.truncated, length: result.length }).toEqual({ truncated: true, length: 3_000_000 });
    expect(result.body.equals(Buffer.concat([Buffer.alloc(1_000_000, 'a'), Buffer.alloc(500_000, 'b')]))).toBe(true);
  });

  it('takes a body of exactly the limit whole, and an empty one', async () => {
    const address = await http((_request, body, response) => {
      response.writeHead(200, { 'content-length': Number(body) }).end(Buffer.alloc(Number(body)));
    });
    const client = connect(address, { maxBody: 100 });
    expect(await client.run('100', LIMIT)).toMatchObject({ truncated: false, length: 100 });
    expect(await client.run('101', LIMIT)).toMatchObject({ truncated: true, length: 101 });
    expect(await client.run('0', LIMIT)).toMatchObject({ truncated: false, length: 0, body: Buffer.alloc(0) });
  });

  it('does not read a reply without a length', async () => {
    const chunked = await http((_request, _body, response) => response.end('{}'));
    expect(await connect(chunked).run('{}', LIMIT)).toMatchObject({ kind: 'response' });
    const streamed = await http((_request, _body, response) => {
      response.write('{');
      response.end('}');
    });
    expect(await connect(streamed).run('{}', LIMIT)).toEqual({ kind: 'noContentLength', status: 200 });
    const untilClosed = await tcp(socket => socket.end('HTTP/1.1 200 OK\r\n\r\n{}'));
    expect(await connect(untilClosed).run('{}', LIMIT)).toEqual({ kind: 'noContentLength', status: 200 });
  });

  it('ends a call at its limit and drops the connection', async () => {
    const clock = new FakeClock();
    let arrived: () => void = () => {};
    const request = new Promise<void>(resolve => {
      arrived = resolve;
    });
    let closed: () => void = () => {};
    const gone = new Promise<void>(resolve => {
      closed = resolve;
    });
    const address = await http((incoming, _body) => {
      incoming.socket.once('close', closed);
      arrived();
    });
    const call = connect(address, { clock }).run('{}', 1_000);
    await request;
    clock.advance(1_000);
    expect(await call).toEqual({ kind: 'timeout' });
    await gone;
    expect(clock.pending).toBe(0);
  });

  it('tells a half reply, an abrupt end and no reply from a refused connection', async () => {
    const half = await tcp(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"a'));
    expect(await connect(half).run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    const abrupt = await tcp(socket => socket.resetAndDestroy());
    expect(await connect(abrupt).run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    const silent = await tcp(socket => socket.end());
    expect(await connect(silent).run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    const garbage = await tcp(socket => socket.end('what?\r\n\r\n'));
    expect(await connect(garbage).run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(await connect({ host: '127.0.0.1', port: 0 }).run('{}', LIMIT)).toMatchObject({
      kind: 'connection',
      beforeSent: true,
    });
    expect(await connect({ socketPath: join(tmpdir(), 'nobody-here') }).run('{}', LIMIT)).toMatchObject({
      kind: 'connection',
      beforeSent: true,
    });
  });

  it('never sends /run twice, and can call again after a broken connection', async () => {
    let requests = 0;
    const address = await tcp((socket, request) => {
      requests = request;
      if (request === 1) socket.destroy();
      else socket.write(ok('{}'));
    });
    const client = connect(address);
    expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(requests).toBe(1);
    expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'response', status: 200 });
    expect(requests).toBe(2);
  });

  it('opens another connection when the container closed the idle one', async () => {
    const sockets = new Set<Socket>();
    const address = await tcp(socket => socket.write(ok('{}')), sockets);
    const client = connect(address);
    await client.run('{}', LIMIT);
    const [first] = sockets;
    const closed = new Promise(resolve => first?.once('close', resolve));
    first?.end();
    await closed;
    expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'response' });
    expect(sockets.size).toBe(2);
  });

  it('does not trust a connection that the container may have closed by now, and closes it', async () => {
    const sockets = new Set<Socket>();
    const waiting: Socket[] = [];
    const address = await tcp(socket => void waiting.push(socket), sockets);
    const clock = new FakeClock();
    const client = connect(address, { connections: 2, clock });
    const answered = async (calls: number) => {
      const results = Promise.all(Array.from({ length: calls }, () => client.run('{}', LIMIT)));
      await expect.poll(() => waiting.length).toBe(calls);
      for (const socket of waiting.splice(0)) socket.write(ok('{}'));
      for (const result of await results) expect(result).toMatchObject({ kind: 'response' });
    };
    await answered(2);
    expect(sockets.size).toBe(2);
    clock.advance(3_999);
    await answered(1);
    expect(sockets.size).toBe(2);
    clock.advance(1);
    await answered(1);
    await expect.poll(() => [...sockets].filter(socket => socket.destroyed).length).toBe(1);
    expect(sockets.size).toBe(2);
    clock.advance(4_000);
    await answered(1);
    expect(sockets.size).toBe(3);
  });

  it('goes by what the container says of its connections', async () => {
    const sockets = new Set<Socket>();
    const reply = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\n{}';
    const client = connect(await tcp(socket => socket.write(reply), sockets));
    for (let i = 0; i < 3; i++) expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'response' });
    expect(sockets.size).toBe(3);
  });

  it('lets calls wait while all connections are in use, and forgets those that ended meanwhile', async () => {
    const answer: (() => void)[] = [];
    const bodies: string[] = [];
    const address = await http((_request, body, response) => {
      bodies.push(body);
      answer.push(() => response.writeHead(200, { 'content-length': 2 }).end('{}'));
    });
    const clock = new FakeClock();
    const client = connect(address, { clock });
    const first = client.run('1', 10_000);
    const second = client.run('2', 1_000);
    const third = client.run('3', 10_000);
    await expect.poll(() => answer.length).toBe(1);
    clock.advance(1_000);
    expect(await second).toEqual({ kind: 'timeout' });
    answer[0]?.();
    expect(await first).toMatchObject({ kind: 'response' });
    await expect.poll(() => answer.length).toBe(2);
    const fourth = client.run('4', 10_000);
    client.close();
    expect(await third).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(await fourth).toMatchObject({ kind: 'connection', beforeSent: true });
    expect(bodies).toEqual(['1', '3']);
  });

  it('takes an answer that comes before the request is whole, and does not go on with that connection', async () => {
    const sockets = new Set<Socket>();
    const address = await tcp(socket => {
      socket.pause();
      socket.write(ok('{"error":"too large"}'));
    }, sockets);
    const client = connect(address);
    expect(await client.init('x'.repeat(64 << 20), LIMIT)).toMatchObject({ kind: 'response', length: 21 });
    expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'response' });
    expect(sockets.size).toBe(2);
    // A paused one does not see its end.
    for (const socket of sockets) socket.destroy();
  });

  it('closes a connection on which something comes that nobody asked for', async () => {
    const sockets = new Set<Socket>();
    const address = await tcp(socket => socket.write(`${ok('{}')}HTTP/1.1 200`), sockets);
    const client = connect(address);
    for (let i = 0; i < 2; i++) expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'response', length: 2 });
    expect(sockets.size).toBe(2);
  });

  it('tries /init until somebody listens', async () => {
    const probe = createTcpServer();
    const address = await listen(probe);
    await new Promise(resolve => probe.close(resolve));
    const init = connect(address).init('{}', LIMIT);
    const server = createServer((_request, response) => response.writeHead(200, { 'content-length': 2 }).end('{}'));
    await listen(server, address.port);
    expect(await init).toMatchObject({ kind: 'response', status: 200 });
  });

  it('tries /init again when a published port takes the connection but nobody is behind it yet', async () => {
    const address = await tcp((socket, request) => {
      if (request < 4) socket.resetAndDestroy();
      else socket.write(ok('{"ok":true}'));
    });
    expect(await connect(address).init('{}', LIMIT)).toMatchObject({ kind: 'response', status: 200 });
  });

  it('does not try /init again after half a reply', async () => {
    const address = await tcp(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{'));
    expect(await connect(address).init('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
  });

  it('ends /init at once when the container is known to have ended before it is tried again', async () => {
    const clock = new FakeClock();
    const address = await tcp(socket => socket.destroy());
    const client = connect(address, { clock });
    const init = client.init('{}', LIMIT);
    // The limit, and the wait before the next try: the clock stands still.
    while (clock.pending < 2) await new Promise(setImmediate);
    client.close();
    expect(await init).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(clock.pending).toBe(0);
  });

  it('gives up /init at its limit', async () => {
    const client = connect({ socketPath: join(tmpdir(), 'nobody-here') });
    expect(await client.init('{}', 30)).toEqual({ kind: 'timeout' });
    const clock = new FakeClock();
    let arrived: () => void = () => {};
    const request = new Promise<void>(resolve => {
      arrived = resolve;
    });
    const address = await http(() => arrived());
    const init = connect(address, { clock }).init('{}', 500);
    await request;
    clock.advance(500);
    expect(await init).toEqual({ kind: 'timeout' });
    expect(clock.pending).toBe(0);
  });

  it('ends what is under way when it is closed, and sends nothing after that', async () => {
    let arrived: () => void = () => {};
    const request = new Promise<void>(resolve => {
      arrived = resolve;
    });
    const address = await http(() => arrived());
    const client = connect(address);
    const run = client.run('{}', LIMIT);
    await request;
    client.close();
    expect(await run).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(await client.run('{}', LIMIT)).toMatchObject({ kind: 'connection', beforeSent: true });
    const trying = connect({ socketPath: join(tmpdir(), 'nobody-here') });
    const init = trying.init('{}', LIMIT);
    trying.close();
    expect(await init).toMatchObject({ kind: 'connection', beforeSent: true });
  });
});
