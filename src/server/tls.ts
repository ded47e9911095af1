import type { RequestListener } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { IDLE_TIMEOUT, type Listening, open } from './listen.js';
import type { KeyPair } from './tls-certificate.js';

/** A server that speaks HTTP/2 and HTTP/1.1 over TLS. */
export interface TlsListening extends Listening {
  /** New connections get this certificate; those that are open go on with the one they have. */
  update(pair: KeyPair): void;
}

/** HTTP/2 sessions, and HTTP/1 sockets with their requests under way, so that stopping can end each when it is idle. */
const track = (server: Http2SecureServer) => {
  const open = new Set<Socket>();
  const http1 = new Map<Socket, number>();
  const sessions = new Set<ServerHttp2Session>();
  let stopping = false;

  server.on('secureConnection', socket => {
    open.add(socket);
    if (socket.alpnProtocol !== 'h2') http1.set(socket, 0);
    socket.once('close', () => {
      open.delete(socket);
      http1.delete(socket);
    });
  });
  server.on('session', session => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(IDLE_TIMEOUT, () => session.close());
    if (stopping) session.close();
  });
  server.on('request', (req, res) => {
    if (req.httpVersionMajor !== 1) return;
    const { socket } = req;
    http1.set(socket, (http1.get(socket) ?? 0) + 1);
    res.once('close', () => {
      const left = (http1.get(socket) ?? 1) - 1;
      if (http1.has(socket)) http1.set(socket, left);
      if (stopping && left === 0) socket.end();
    });
  });

  return {
    /** Ends what is idle now, and everything else when it is done. */
    finish(): void {
      stopping = true;
      for (const session of sessions) session.close();
      for (const [socket, running] of http1) if (running === 0) socket.end();
    },
    /** The sockets themselves: a session that is closing already would wait for its peer. */
    destroy(): void {
      for (const socket of open) socket.destroy();
    },
  };
};

/**
 * How long an HTTP/1.1 connection is kept after an answer. In node's server for both protocols neither that time nor what
 * is added to it is set in every line of Node.js: such connections were kept for ever.
 */
const keepFor = (server: Http2SecureServer, ms: number): void => {
  Object.assign(server, { keepAliveTimeout: ms, keepAliveTimeoutBuffer: 1000 });
};

/** Listens for TLS on one address; port 0 takes a free one. Throws `UsageError` when it cannot. */
export const listenTls = async (
  handler: RequestListener,
  host: string,
  port: number,
  pair: KeyPair,
  idleMs = IDLE_TIMEOUT,
): Promise<TlsListening> => {
  const server = createSecureServer({ ...pair, allowHTTP1: true });
  keepFor(server, idleMs);
  const connections = track(server);
  // Koa takes HTTP/2's compatible objects for what they are compatible with.
  server.on('request', handler as unknown as (...args: unknown[]) => void);
  server.on('sessionError', () => {});
  const bound = await open(server, host, port, 'tls-port');
  return {
    host,
    port: bound,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        connections.finish();
      }),
    destroy: () => connections.destroy(),
    update: ({ cert, key }) => server.setSecureContext({ cert, key }),
  };
};
