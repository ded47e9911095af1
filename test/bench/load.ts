import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Distribution, Samples } from './statistics.js';

export type Target =
  | { readonly host: string; readonly port: number; readonly tls?: boolean }
  | { readonly socketPath: string };

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** A whole request as bytes, built once and sent many times. */
export const request = (
  method: string,
  path: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Buffer => {
  const bytes = Buffer.from(body ?? '');
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Accept: application/json'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
};

const chunked = (raw: Buffer, from: number): { body: Buffer; end: number } | undefined => {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = raw.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(raw.toString('latin1', at, line), 16);
    const end = line + 2 + size + 2;
    if (raw.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end };
    parts.push(raw.subarray(line + 2, line + 2 + size));
    at = end;
  }
};

/**
 * One kept connection, one request at a time: as little client as possible, so that what is measured is the server.
 * Understands Content-Length and chunked replies.
 */
export class Connection {
  private socket: Socket | undefined;
  private raw: Buffer = Buffer.alloc(0);
  private done: ((reply: Reply | Error) => void) | undefined;

  constructor(private readonly target: Target) {}

  /** Calls back with the reply, or with an error when the connection broke. */
  send(bytes: Buffer, done: (reply: Reply | Error) => void): void {
    this.done = done;
    this.socket ??= this.open();
    this.socket.write(bytes);
  }

  request(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(bytes, reply => (reply instanceof Error ? reject(reply) : resolve(reply)));
    });
  }

  close(): void {
    this.done = undefined;
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Socket {
    const { target } = this;
    const socket =
      'socketPath' in target
        ? connect(target.socketPath)
        : target.tls
          ? connectTls({ host: target.host, port: target.port, rejectUnauthorized: false })
          : connect(target.port, target.host);
    socket.setNoDelay(true);
    socket.on('data', chunk => {
      this.raw = this.raw.length === 0 ? chunk : Buffer.concat([this.raw, chunk]);
      this.parse();
    });
    socket.on('error', error => this.broke(error));
    socket.on('close', () => this.broke(new Error('connection closed')));
    return socket;
  }

  private broke(error: Error): void {
    this.socket = undefined;
    this.raw = Buffer.alloc(0);
    this.settle(error);
  }

  private settle(reply: Reply | Error): void {
    const { done } = this;
    this.done = undefined;
    done?.(reply);
  }

  private parse(): void {
    const { raw } = this;
    const head = raw.indexOf('\r\n\r\n');
    if (head < 0) return;
    const status = Number(raw.toString('latin1', 9, 12));
    const headers = raw.toString('latin1', 0, head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(headers)?.[1];
    const from = head + 4;
    if (length === undefined && /\r\ntransfer-encoding: *chunked/i.test(headers)) {
      const found = chunked(raw, from);
      if (found) this.take(status, found.body, found.end);
      return;
    }
    const end = from + Number(length ?? 0);
    if (raw.length >= end) this.take(status, raw.subarray(from, end), end);
  }

  private take(status: number, body: Buffer, end: number): void {
    this.raw = this.raw.subarray(end);
    this.settle({ status, body });
  }
}

export interface Load {
  /** Each client has a connection of its own and sends its next request when it has the reply to the last. */
  readonly targets: readonly Target[];
  /** The bytes to send next, by client. */
  next(client: number): Buffer;
  /** Ends after so many requests, or so many ms. */
  readonly count?: number;
  readonly ms?: number;
  /** The first requests are not counted. */
  readonly warmUp?: number;
  onReply?(reply: Reply): void;
  readonly expect?: number;
}

export interface LoadResult extends Distribution {
  /** Answers a second. */
  readonly throughput: number;
  readonly errors: number;
}

export const drive = (load: Load): Promise<LoadResult> =>
  new Promise(resolve => {
    const { targets, warmUp = 0, count = Number.POSITIVE_INFINITY, ms = Number.POSITIVE_INFINITY, expect = 200 } = load;
    const connections = targets.map(target => new Connection(target));
    const samples = new Samples();
    let sent = 0;
    let errors = 0;
    let open = connections.length;
    let start = performance.now();
    let counted = 0;
    const client = (index: number): void => {
      const connection = connections[index] as Connection;
      if (sent >= count + warmUp || performance.now() - start > ms) {
        connection.close();
        if (--open === 0) {
          const seconds = (performance.now() - start) / 1000;
          resolve({ ...samples.distribution(), throughput: counted / seconds, errors });
        }
        return;
      }
      const number = sent++;
      if (number === warmUp) start = performance.now();
      const before = performance.now();
      connection.send(load.next(index), reply => {
        if (reply instanceof Error || reply.status !== expect) errors++;
        else if (number >= warmUp) {
          samples.add(performance.now() - before);
          counted++;
        }
        if (!(reply instanceof Error)) load.onReply?.(reply);
        client(index);
      });
    };
    for (let i = 0; i < connections.length; i++) client(i);
  });

/** The same target for each of `clients`. */
export const clients = (target: Target, n: number): Target[] => Array.from({ length: n }, () => target);
