import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { takeRequest, WholeRequest } from './request.js';
import { WholeResponse } from './response.js';

/** A body up to this many characters is written in one piece with the head. */
const SMALL = 16 * 1024;

export interface ConnectionOptions {
  readonly handler: RequestListener;
  /** What the paths that are answered here begin with. */
  readonly prefix: string;
  /** How long an idle connection is kept, in ms. */
  readonly idleMs: number;
  /** The lines at the end of a reply's head after which the connection is kept, or ends. */
  readonly tail: (kept: boolean) => string;
  /** Takes a connection for good. What came of its next request is in the socket again. */
  readonly handOver: (socket: Socket) => void;
  readonly onGone: (connection: LaneConnection) => void;
}

/**
 * A connection while its requests come whole and plain, as most clients send them: each is read out of one piece (or two, if
 * a client sends head and body apart) and answered in one, without the streams that node's HTTP server makes of both. With
 * the first request that is anything else the connection is node's.
 */
export class LaneConnection {
  private busy = false;
  /** The peer sends no more requests. */
  private ended = false;
  /** The first piece of a request. */
  private begun: Buffer | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    socket.setTimeout(options.idleMs);
    socket.on('data', this.take);
    socket.on('end', this.finish);
    socket.on('timeout', this.expire);
    // 'close' follows.
    socket.on('error', ignore);
    socket.on('close', this.leave);
  }

  /** Closes it unless a request is on its way or being answered, or an answer is still on its way. */
  closeIdle(): void {
    if (!this.busy && !this.begun && this.socket.writableLength === 0) this.socket.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private readonly take = (chunk: Buffer): void => {
    if (this.busy) {
      this.putBack(chunk);
      return;
    }
    const { prefix, tail, handler } = this.options;
    const bytes = this.begun ? Buffer.concat([this.begun, chunk]) : chunk;
    const taken = takeRequest(bytes, prefix);
    if (taken === 'cut' && !this.begun) {
      this.begun = chunk;
      return;
    }
    this.begun = undefined;
    if (taken === undefined || taken === 'cut') {
      this.leaveTo(bytes);
      return;
    }
    this.busy = true;
    if (taken.length < bytes.length) this.putBack(bytes.subarray(taken.length));
    const request = new WholeRequest(taken, this.socket);
    const response = new WholeResponse(tail, this.answer);
    // They are what koa and the REST API use of node's (response.ts, request.ts).
    handler(request as unknown as IncomingMessage, response as unknown as ServerResponse & { req: IncomingMessage });
  };

  /** Who sends the next request before the answer waits for that; the socket keeps little and then reads no more. */
  private putBack(chunk: Buffer): void {
    this.socket.pause();
    this.socket.unshift(chunk);
  }

  private readonly answer = (head: string, body: string | Buffer, kept: boolean): void => {
    const { socket } = this;
    this.busy = false;
    if (!socket.writable) return;
    // A head's bytes beyond ASCII are what node makes of them: its encoding is that of the text behind it.
    const encoding = typeof body === 'string' && body !== '' ? 'utf8' : 'latin1';
    if (typeof body === 'string' && body.length <= SMALL) socket.write(head + body, encoding);
    else {
      socket.cork();
      socket.write(head, encoding);
      socket.write(body);
      socket.uncork();
    }
    if (!kept || this.ended) this.close();
    else if (socket.writableNeedDrain) {
      // Who does not take answers is asked for no more requests.
      socket.pause();
      socket.once('drain', () => socket.resume());
    } else if (socket.isPaused()) socket.resume();
  };

  /** Takes no more requests, and closes when what was written is out. */
  private close(): void {
    this.socket.off('data', this.take);
    this.socket.destroySoon();
  }

  private refuse(status: string): void {
    this.socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    this.close();
  }

  private leaveTo(chunk: Buffer): void {
    const { socket, options } = this;
    socket.setTimeout(0);
    socket.off('data', this.take);
    socket.off('end', this.finish);
    socket.off('timeout', this.expire);
    socket.off('error', ignore);
    socket.off('close', this.leave);
    this.leave();
    this.putBack(chunk);
    options.handOver(socket);
    socket.resume();
  }

  private readonly finish = (): void => {
    this.ended = true;
    if (this.begun) this.refuse('400 Bad Request');
    else if (!this.busy) this.close();
  };

  private readonly expire = (): void => {
    if (this.busy) return;
    if (this.begun && this.socket.writableLength === 0) this.refuse('408 Request Timeout');
    else this.socket.destroy();
  };

  private readonly leave = (): void => this.options.onGone(this);
}

const ignore = (): void => {};
