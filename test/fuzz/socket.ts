import { connect, type Socket } from 'node:net';

/** Bytes sent as they are; what came back until the server closed, or was quiet when `enough` held. */
export interface Exchange {
  readonly text: string;
  /** Statuses of the replies, in order. */
  readonly statuses: number[];
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(match => Number(match[1]));

/** Talks to the server without an HTTP library; `talk` writes, the exchange ends when as many `replies` came or it closed. */
export const exchange = (url: string, talk: (socket: Socket) => void | Promise<void>, replies = 1): Promise<Exchange> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve({ text, statuses: statusesOf(text) });
    };
    const timer = setTimeout(() => reject(new Error(`no answer; so far: ${text.slice(0, 500)}`)), 15_000);
    socket.on('close', () => {
      clearTimeout(timer);
      done();
    });
    socket.on('error', () => {});
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      const complete = statusesOf(text).length >= replies && /\r\n\r\n.+$|content-length: 0/is.test(text);
      if (complete) done();
    });
    socket.on('connect', () => void talk(socket));
  });

/** The head of a request with the caller's credentials; `length` undefined sends none. */
export const head = (
  auth: string,
  method: string,
  path: string,
  headers: readonly string[] = [],
  host = 'localhost',
): string =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Basic ${Buffer.from(auth).toString('base64')}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
