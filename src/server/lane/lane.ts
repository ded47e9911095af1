import type { RequestListener, Server } from 'node:http';
import { systemClock } from '../../clock.js';
import { LaneConnection } from './connection.js';

/** The lane's connections of one server. */
export interface Lane {
  closeIdle(): void;
  destroy(): void;
}

export interface LaneOptions {
  readonly handler: RequestListener;
  /** What the paths begin with whose requests are answered without node's HTTP server. */
  readonly prefix: string;
  /** How long an idle connection is kept, in ms. */
  readonly idleMs: number;
}

/** The lines that node, too, ends every head with. The date is made once a second. */
const createTail = (idleMs: number): ((kept: boolean) => string) => {
  const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n`;
  let second = Number.NaN;
  let date = '';
  return kept => {
    const now = Math.floor(systemClock.now() / 1000);
    if (now !== second) {
      second = now;
      date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
    }
    return kept ? date + keepAlive : date;
  };
};

/**
 * Puts a lane for plain requests before an HTTP server that does not listen yet. A sixth of the server's CPU for a warm call
 * went to the streams, events and checks of node's `http`, which requests that come in one piece do without. Whatever is not
 * plain goes to node's own parser with its limits, and so does all that comes behind it on the same connection.
 */
export const openLane = (server: Server, { handler, prefix, idleMs }: LaneOptions): Lane => {
  const connections = new Set<LaneConnection>();
  const own = server.listeners('connection');
  server.removeAllListeners('connection');
  const options = {
    handler,
    prefix,
    idleMs,
    tail: createTail(idleMs),
    handOver: (socket: unknown) => {
      for (const listener of own) listener.call(server, socket);
    },
    onGone: (connection: LaneConnection) => connections.delete(connection),
  };
  server.on('connection', socket => connections.add(new LaneConnection(socket, options)));
  return {
    closeIdle: () => {
      for (const connection of connections) connection.closeIdle();
    },
    destroy: () => {
      for (const connection of connections) connection.destroy();
    },
  };
};
