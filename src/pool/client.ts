import { type Clock, systemClock, type Timer } from '../clock.js';
import { settles } from './container-watchdog.js';
import type { Address } from './driver.js';
import { Connection, type Ending, type Exchange } from './http-connection.js';

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
      /** It says that nothing was printed and that no sentinels follow. */
      readonly silent: boolean;
      /** How long the run took by the container's own clock, in ms, where it was asked and says so. */
      readonly took?: number | undefined;
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'connection'; readonly beforeSent: boolean; readonly reason: string }
  | { readonly kind: 'noContentLength'; readonly status: number };

/** A /run that is under way. */
export interface Ahead {
  readonly result: Promise<CallResult>;
  /** Whether the container may have begun it. */
  readonly sent: boolean;
  /** Ends it as `timeout` so many ms from now. */
  limit(timeoutMs: number): void;
}

export interface ClientOptions {
  /** Calls at once; each has a connection of its own. */
  readonly connections?: number;
  /** Bytes of a response that are kept. OpenWhisk's payload limit of 1 MB is the default. */
  readonly maxBody?: number;
  readonly clock?: Clock;
}

/** Between two tries of /init: a part of the time that has gone by, so that a proxy's start is met with little delay. */
const LEAST_DELAY = 2;
const MOST_DELAY = 50;
const DELAY_PART = 8;
const ENDED = 'the container has ended';
/** runtimes/README.md, "Sentinels that are not needed". */
const SENTINELS_OPTIONAL = 'X-Miniwhisk-Sentinels: optional\r\n';
/** runtimes/README.md, "Runs that wait for the container". */
const TOOK_WANTED = 'X-Miniwhisk-Took: wanted\r\n';
const STALE = 'the connection has been idle for too long';

const refuse = (call: Call): void => call.end({ kind: 'connection', beforeSent: true, reason: ENDED });

/** One request on its way, that settles exactly once. */
class Call implements Exchange {
  sent = false;
  replied = false;
  connection: Connection | undefined;
  private settled = false;

  constructor(
    readonly path: string,
    readonly headers: string,
    readonly body: Buffer | string,
    private readonly done: (result: CallResult) => void,
    /** It needs its connection no more; called once, when it has had one. */
    private readonly release: (connection: Connection) => void,
  ) {}

  get ended(): boolean {
    return this.settled;
  }

  /** Settles with `result` and drops the connection. */
  end(result: CallResult): void {
    this.settle(result);
    this.connection?.drop('the call has ended');
  }

  onSend(): void {
    this.sent = true;
  }

  onEnd(ending: Ending, replied: boolean): void {
    this.replied = replied;
    this.release(this.connection as Connection);
    this.connection = undefined;
    if (ending.kind === 'reply') {
      const { status, body, length, silent, took } = ending.reply;
      this.settle({ kind: 'response', status, body, truncated: length > body.length, length, silent, took });
    } else if (ending.kind === 'noContentLength') this.settle(ending);
    else this.settle({ kind: 'connection', beforeSent: !this.sent, reason: ending.reason });
  }

  private settle(result: CallResult): void {
    if (this.settled) return;
    this.settled = true;
    this.done(result);
  }
}

/**
 * HTTP to one container, over connections that are kept. Whoever made it calls `close`, and does so at once when the
 * container has ended: a proxy that is gone looks the same as one that does not listen yet.
 */
export class ContainerClient {
  private readonly most: number;
  private readonly maxBody: number;
  private readonly clock: Clock;
  private readonly idle: Connection[] = [];
  private readonly connections = new Set<Connection>();
  private busy = 0;
  /** Calls for which there was no connection. */
  private readonly waiting: Call[] = [];
  private closed = false;
  /** Ends the wait before /init is tried again. */
  private wake: () => void = () => {};

  constructor(
    private readonly address: Address,
    options: ClientOptions = {},
  ) {
    this.most = options.connections ?? 1;
    this.maxBody = options.maxBody ?? 1024 * 1024;
    this.clock = options.clock ?? systemClock;
  }

  /** POST /init. Tries again, until `timeoutMs` is over, while nobody accepts the connection or answers on it. */
  async init(body: Buffer | string, timeoutMs: number): Promise<CallResult> {
    let sent = false;
    let current: Call | undefined;
    let expired = false;
    const timer = this.clock.after(timeoutMs, () => {
      expired = true;
      current?.end({ kind: 'timeout' });
      this.wake();
    });
    const woken = new Promise<void>(resolve => {
      this.wake = resolve;
    });
    const start = this.clock.now();
    for (;;) {
      const result = await new Promise<CallResult>(resolve => {
        current = this.post('/init', '', body, resolve);
      });
      sent ||= current?.sent ?? false;
      if (expired) return { kind: 'timeout' };
      if (result.kind !== 'connection' || current?.replied || this.closed) {
        timer.cancel();
        return result.kind === 'connection' ? { ...result, beforeSent: !sent } : result;
      }
      const part = (this.clock.now() - start) / DELAY_PART;
      await settles(this.clock, Math.min(Math.max(part, LEAST_DELAY), MOST_DELAY), woken);
      if (expired) return { kind: 'timeout' };
    }
  }

  /** POST /run, sent at most once. `sentinelsOptional`: the container may leave them out behind a run that prints nothing. */
  run(body: Buffer | string, timeoutMs: number, sentinelsOptional = false): Promise<CallResult> {
    return new Promise(resolve => {
      let timer: Timer | undefined;
      const headers = sentinelsOptional ? SENTINELS_OPTIONAL : '';
      const call = this.post('/run', headers, body, result => {
        timer?.cancel();
        resolve(result);
      });
      timer = this.clock.after(timeoutMs, () => call.end({ kind: 'timeout' }));
    });
  }

  /** POST /run to a container that is still being resumed. It has no time limit until it is given one. */
  ahead(body: Buffer | string, sentinelsOptional: boolean): Ahead {
    let timer: Timer | undefined;
    let call!: Call;
    const result = new Promise<CallResult>(resolve => {
      const headers = sentinelsOptional ? SENTINELS_OPTIONAL + TOOK_WANTED : TOOK_WANTED;
      call = this.post('/run', headers, body, outcome => {
        timer?.cancel();
        resolve(outcome);
      });
    });
    return {
      result,
      get sent() {
        return call.sent;
      },
      limit: timeoutMs => {
        if (!call.ended) timer = this.clock.after(timeoutMs, () => call.end({ kind: 'timeout' }));
      },
    };
  }

  /** Drops the connections; calls under way end as `connection`. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const connection of [...this.connections]) connection.drop(ENDED);
    for (const call of this.waiting.splice(0)) refuse(call);
    // Who tries /init is told at once, too: a moment later nobody asks any more what became of it.
    this.wake();
  }

  private post(path: string, headers: string, body: Buffer | string, done: (result: CallResult) => void): Call {
    const call: Call = new Call(path, headers, body, done, connection => this.release(connection));
    if (this.closed) refuse(call);
    else if (this.busy < this.most) this.assign(call);
    else this.waiting.push(call);
    return call;
  }

  private assign(call: Call): void {
    let connection = this.idle.pop();
    while (connection?.usable === false) {
      this.discard(connection);
      connection = this.idle.pop();
    }
    connection ??= this.connect();
    this.busy++;
    call.connection = connection;
    connection.send(call);
  }

  private connect(): Connection {
    const connection = new Connection(this.address, this.maxBody, this.clock);
    this.connections.add(connection);
    return connection;
  }

  private discard(connection: Connection): void {
    this.connections.delete(connection);
    connection.drop(STALE);
  }

  private release(connection: Connection): void {
    this.busy--;
    if (this.closed) return;
    if (connection.usable) this.idle.push(connection);
    else this.connections.delete(connection);
    // The one used last is taken first, so the oldest stand in front.
    while (this.idle[0]?.usable === false) this.discard(this.idle.shift() as Connection);
    // A call that ended while it waited must not reach the container any more.
    let next = this.waiting.shift();
    while (next?.ended) next = this.waiting.shift();
    if (next) this.assign(next);
  }
}
