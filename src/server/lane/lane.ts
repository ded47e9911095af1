import type { RequestListener, Server } from 'node:http';
import { type Clock, systemClock } from '../../clock.js';
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
  readonly clock?: Clock;
}

/** The lines that node, too, ends every head with. The date is made once a second. */
const createTail = (idleMs: number, clock: Clock): ((kept: boolean) => string) => {
  const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n`;
  let second = Number.NaN;
  let date = '';
  return kept => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
    }
    return kept ? date + keepAlive : date;
  };
};

/**
 * Puts a lane for plain requests before an HTTP server that does not listen yet. Of the time that the server takes for a warm
 * call a third goes to the streams, events and checks of node's `http` (see `npm run bench`); requests that came in one piece
 * need none of them. Whatever is not plain goes to node's own parser with its limits, and so do connections that once were.
 */
export const openLane = (server: Server, { handler, prefix, idleMs, clock = systemClock }: LaneOptions): Lane => {
  const connections = new Set<LaneConnection>();
  const own = server.listeners('connection');
  server.removeAllListeners('connection');
  const options = {
    handler,
    prefix,
    idleMs,
    tail: createTail(idleMs, clock),
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
