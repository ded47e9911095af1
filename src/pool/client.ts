import type { Dispatcher, Client as UndiciClient } from 'undici';
import { type Clock, systemClock, type Timer } from '../clock.js';
import { errorText } from '../errors.js';
import type { Address } from './driver.js';
import { Client, Pool } from './undici.js';

/**
 * How a call to a container ended. Calls never reject.
 * `response`: `body` holds the first `maxBody` bytes, `length` counts all of them, `truncated` says that they differ.
 * `connection`: no whole response came. `beforeSent` is true only when no byte of the request can have reached the
 * container, so that the job may be given to another one.
 * `noContentLength`: a reply that OpenWhisk refuses to read (OPENWHISK.md 5); the connection is gone with it.
 */
export type CallResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly body: Buffer;
      readonly truncated: boolean;
      readonly length: number;
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'connection'; readonly beforeSent: boolean; readonly reason: string }
  | { readonly kind: 'noContentLength'; readonly status: number };

export interface ClientOptions {
  /** Calls at once; each has a connection of its own. */
  readonly connections?: number;
  /** Bytes of a response that are kept. OpenWhisk's payload limit of 1 MB is the default. */
  readonly maxBody?: number;
  readonly clock?: Clock;
}

const HEADERS = ['content-type', 'application/json', 'accept', 'application/json'];
/** Between two tries of /init: a part of the time that has gone by, so that a proxy's start is met with little delay. */
const LEAST_DELAY = 2;
const MOST_DELAY = 50;
const DELAY_PART = 8;

/** One request on its way: an undici handler that settles exactly once. */
class Call implements Dispatcher.DispatchHandler {
  sent = false;
  replied = false;
  private settled = false;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private expected = 0;
  private length = 0;
  private chunks: Buffer[] = [];

  constructor(
    private readonly maxBody: number,
    private readonly done: (result: CallResult) => void,
  ) {}

  /** Settles with `result` and drops the connection. */
  end(result: CallResult): void {
    this.settle(result);
    this.controller?.abort(new Error('call ended'));
  }

  private settle(result: CallResult): void {
    if (this.settled) return;
    this.settled = true;
    this.done(result);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // A call that expired while its connection was being made must not reach the container any more.
    if (this.settled) controller.abort(new Error('call ended'));
    else this.sent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.replied = true;
    this.status = status;
    const length = headers['content-length'];
    this.expected = typeof length === 'string' ? Number(length) : Number.NaN;
    if (Number.isNaN(this.expected)) this.end({ kind: 'noContentLength', status });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = this.maxBody - this.length;
    this.length += chunk.length;
    if (room > 0) this.chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
  }

  onResponseEnd(): void {
    const { chunks, length, status } = this;
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    this.settle({ kind: 'response', status, body, truncated: length > body.length, length });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.settle({ kind: 'connection', beforeSent: !this.sent, reason: errorText(error) });
  }
}

/**
 * HTTP to one container, over connections that are kept. Whoever made it calls `close`, and does so at once when the
 * container has ended: a proxy that is gone looks the same as one that does not listen yet.
 */
export class ContainerClient {
  private readonly http: Dispatcher;
  private readonly maxBody: number;
  private readonly clock: Clock;
  private closed = false;

  constructor(address: Address, options: ClientOptions = {}) {
    this.maxBody = options.maxBody ?? 1024 * 1024;
    this.clock = options.clock ?? systemClock;
    const origin =
      'socketPath' in address
        ? 'http://localhost'
        : `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    const settings: UndiciClient.Options = {
      // Time limits are those of the calls.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: 0,
      pipelining: 1,
      ...('socketPath' in address && { socketPath: address.socketPath }),
    };
    const connections = options.connections ?? 1;
    this.http = connections > 1 ? new Pool(origin, { ...settings, connections }) : new Client(origin, settings);
  }

  /** POST /init. Tries again, until `timeoutMs` is over, while nobody accepts the connection or answers on it. */
  async init(body: Buffer | string, timeoutMs: number): Promise<CallResult> {
    let sent = false;
    let current: Call | undefined;
    let expired = false;
    let wake: (() => void) | undefined;
    const timer = this.clock.after(timeoutMs, () => {
      expired = true;
      current?.end({ kind: 'timeout' });
      wake?.();
    });
    const start = this.clock.now();
    for (;;) {
      const result = await new Promise<CallResult>(resolve => {
        current = this.post('/init', body, resolve);
      });
      sent ||= current?.sent ?? false;
      if (expired) return { kind: 'timeout' };
      if (result.kind !== 'connection' || current?.replied || this.closed) {
        timer.cancel();
        return result.kind === 'connection' ? { ...result, beforeSent: !sent } : result;
      }
      await new Promise<void>(resolve => {
        wake = resolve;
        const part = (this.clock.now() - start) / DELAY_PART;
        this.clock.after(Math.min(Math.max(part, LEAST_DELAY), MOST_DELAY), resolve);
      });
      if (expired) return { kind: 'timeout' };
    }
  }

  /** POST /run, sent at most once. */
  run(body: Buffer | string, timeoutMs: number): Promise<CallResult> {
    return new Promise(resolve => {
      let timer: Timer | undefined;
      const call = this.post('/run', body, result => {
        timer?.cancel();
        resolve(result);
      });
      timer = this.clock.after(timeoutMs, () => call.end({ kind: 'timeout' }));
    });
  }

  /** Drops the connections; calls under way end as `connection`. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    void this.http.destroy();
  }

  private post(path: string, body: Buffer | string, done: (result: CallResult) => void): Call {
    const call = new Call(this.maxBody, done);
    if (this.closed) call.end({ kind: 'connection', beforeSent: true, reason: 'the container has ended' });
    else this.http.dispatch({ path, method: 'POST', headers: HEADERS, body }, call);
    return call;
  }
}
