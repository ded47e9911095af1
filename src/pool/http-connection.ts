import { connect, type Socket } from 'node:net';
import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Address } from './driver.js';
import { type Outcome, ReplyReader } from './http-reply.js';

/** All connections read into this one: a piece is used up before the next is read. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Bodies up to this many characters are written in one piece with the head. */
const SMALL = 16 * 1024;

/** How an exchange ended; `lost`: the connection broke, or could not be made. */
export type Ending = Outcome | { readonly kind: 'lost'; readonly reason: string };

/** A request, and who is told what came of it. */
export interface Exchange {
  readonly path: string;
  /** Whole lines of the head, each with its end; or empty. */
  readonly headers: string;
  readonly body: Buffer | string;
  /** It is about to be written. */
  onSend(): void;
  /** Called once. `replied`: the reply's head had come. */
  onEnd(ending: Ending, replied: boolean): void;
}

/**
 * One connection to a container: POST requests with JSON, one after the other. On a bare socket, because a warm call is
 * little more than this: with undici a call took a tenth more of the server's time.
 */
export class Connection {
  private readonly socket: Socket;
  private readonly host: string;
  private current: { readonly exchange: Exchange; readonly reader: ReplyReader } | undefined;
  private connected = false;
  private gone = false;
  private failure: Error | undefined;
  /** When it may be used for the last time, in epoch ms. */
  private until = Number.POSITIVE_INFINITY;

  constructor(
    address: Address,
    private readonly maxBody: number,
    private readonly clock: Clock,
  ) {
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        this.take(buffer.subarray(0, length));
        return true;
      },
    };
    if ('socketPath' in address) {
      this.host = 'localhost';
      this.socket = connect({ path: address.socketPath, onread });
    } else {
      const { host, port } = address;
      this.host = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      this.socket = connect({ host, port, noDelay: true, onread });
    }
    this.socket.on('connect', () => {
      this.connected = true;
      if (this.current) this.write(this.current.exchange);
    });
    // Node answers it by ending the other direction, and 'close' follows.
    this.socket.on('end', () => {
      this.until = 0;
    });
    this.socket.on('error', error => {
      this.failure = error;
    });
    this.socket.on('close', () => {
      this.lose(this.failure ? errorText(this.failure) : 'the container closed the connection');
    });
  }

  /** Whether another request may be sent over it. */
  get usable(): boolean {
    return !this.gone && this.clock.now() < this.until;
  }

  /** Only when it is usable and nothing is under way. */
  send(exchange: Exchange): void {
    this.current = { exchange, reader: new ReplyReader(this.maxBody) };
    if (this.connected) this.write(exchange);
  }

  /** What is under way ends as `lost`. */
  drop(reason: string): void {
    this.socket.destroy();
    this.lose(reason);
  }

  private write(exchange: Exchange): void {
    exchange.onSend();
    const { path, headers, body } = exchange;
    const head =
      `POST ${path} HTTP/1.1\r\nHost: ${this.host}\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n` +
      `Accept: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    if (typeof body === 'string' && body.length <= SMALL) {
      this.socket.write(head + body);
      return;
    }
    this.socket.cork();
    this.socket.write(head, 'latin1');
    this.socket.write(body);
    this.socket.uncork();
  }

  private take(chunk: Buffer): void {
    if (this.gone) return;
    const { current } = this;
    if (!current) {
      this.drop('the container sent what nobody had asked for');
      return;
    }
    const { exchange, reader } = current;
    const outcome = reader.read(chunk);
    if (!outcome) return;
    this.current = undefined;
    // Who answers before the request is whole does not read the end of it.
    const whole = outcome.kind === 'reply' && outcome.rest === 0 && this.socket.writableLength === 0;
    if (whole && outcome.reply.idle > 0) this.until = this.clock.now() + outcome.reply.idle;
    else this.drop('the connection cannot be used again');
    exchange.onEnd(outcome, reader.started);
  }

  private lose(reason: string): void {
    this.gone = true;
    const { current } = this;
    this.current = undefined;
    current?.exchange.onEnd({ kind: 'lost', reason }, current.reader.started);
  }
}
