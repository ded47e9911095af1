import { createServer, type RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { UsageError } from '../errors.js';
import { openLane } from './lane/lane.js';

/** Time to receive a whole request, and how long an idle connection is kept (OPENWHISK.md 1.1: 65 s and 70 s). */
const REQUEST_TIMEOUT = 65_000;
export const IDLE_TIMEOUT = 70_000;

/** Bytes of a request's line and headers: enough that a URI that is too long is read, and answered with 414. */
const MAX_HEADERS = 64 * 1024;

/** Where one HTTP server listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Takes no new connections; resolves when the requests under way are answered. */
  stop(): Promise<void>;
  /** Breaks what is still open. */
  destroy(): void;
}

const explain = (error: NodeJS.ErrnoException, host: string, port: number, flag: string): Error => {
  switch (error.code) {
    case 'EADDRINUSE':
      return new UsageError(
        `Port ${port} on ${host} is in use. Stop what listens there, or choose another with --${flag}.`,
      );
    case 'EACCES':
      return new UsageError(
        `Port ${port} on ${host} may not be opened by this user. Choose one above 1023 with --${flag}.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UsageError(`This machine has no address ${host} to listen on. Choose another with --host.`);
    default:
      return error;
  }
};

/** Resolves to the port once the server listens. `flag` is the option that sets it. Rejects with `UsageError`. */
export const open = (server: Server, host: string, port: number, flag: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(explain(error, host, port, flag));
    server.once('error', failed);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

/** What the paths begin with that take the lane: the REST resources, among them every call of an action. */
const LANE = '/api/v1/namespaces/';

/** Listens on one address; port 0 takes a free one. Throws `UsageError` when it cannot. */
export const listen = async (
  handler: RequestListener,
  host: string,
  port: number,
  flag = 'port',
): Promise<Listening> => {
  const server = createServer(
    { keepAliveTimeout: IDLE_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, maxHeaderSize: MAX_HEADERS, noDelay: true },
    handler,
  );
  const lane = openLane(server, { handler, prefix: LANE, idleMs: IDLE_TIMEOUT });
  const closeIdle = (): void => {
    server.closeIdleConnections();
    lane.closeIdle();
  };
  const bound = await open(server, host, port, flag);
  return {
    host,
    port: bound,
    stop: () =>
      new Promise(resolve => {
        // A connection that is kept alive falls idle when its last answer is out.
        const idle = setInterval(closeIdle, 50);
        server.close(() => {
          clearInterval(idle);
          resolve();
        });
        closeIdle();
      }),
    destroy: () => {
      server.closeAllConnections();
      lane.destroy();
    },
  };
};

/** The server on its own address and, for containers that call back, on the bridge's. */
export interface Everywhere {
  readonly url: string;
  readonly port: number;
  /** Takes no new requests; those under way get `graceMs` to be answered, then their connections are broken. */
  stop(graceMs: number): Promise<void>;
}

/** An address as it stands in a URL; `0.0.0.0` and `::` are reached at loopback. */
export const urlHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

/** Listens at `host`, and on the same port at `callback` (an address of this machine only containers reach). */
export const listenEverywhere = async (
  handler: RequestListener,
  host: string,
  port: number,
  callback: string | undefined,
): Promise<Everywhere> => {
  const main = await listen(handler, host, port);
  const all = [main];
  const covered = host === '0.0.0.0' || host === '::' || host === callback;
  if (callback !== undefined && !covered) {
    try {
      all.push(await listen(handler, callback, main.port));
    } catch (error) {
      await main.stop();
      throw error;
    }
  }
  return {
    url: `http://${urlHost(host)}:${main.port}`,
    port: main.port,
    stop: async graceMs => {
      const timer = setTimeout(() => {
        for (const server of all) server.destroy();
      }, graceMs);
      await Promise.all(all.map(server => server.stop()));
      clearTimeout(timer);
    },
  };
};
