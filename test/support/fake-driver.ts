import type { Clock } from '../../src/clock.js';
import type { CallResult } from '../../src/pool/client.js';
import type { Caller, LogSource, Wiring } from '../../src/pool/container-wiring.js';
import {
  type Address,
  type Container,
  type ContainerSpec,
  type Driver,
  type ExitInfo,
  NotResumedError,
} from '../../src/pool/driver.js';
import type { CollectedLogs } from '../../src/pool/job.js';

/** What a scripted container does. Times in ms of the clock; a function decides per call. */
export interface Script {
  create?: number | ((spec: ContainerSpec) => number | Error | 'never');
  init?: number;
  run?: number | ((body: string) => number | 'never');
  pause?: number | 'never' | 'fails';
  resume?: number | 'never' | 'fails' | 'unknown';
  remove?: number | 'never';
  /** Requests are sent while it is being resumed. */
  resumesSlowly?: boolean;
  /** ms between the answer and the sentinel. */
  sentinel?: number;
  result?: (body: string) => CallResult;
  initResult?: (body: string) => CallResult;
}

export const response = (body: string, status = 200): CallResult => {
  const bytes = Buffer.from(body);
  return { kind: 'response', status, body: bytes, truncated: false, length: bytes.length, silent: false };
};

export class FakeContainer implements Container {
  readonly address: Address;
  readonly exited: Promise<ExitInfo>;
  private exit!: (info: ExitInfo) => void;
  calls = 0;
  inFlight = 0;
  dead = false;
  removed = false;
  private frozen = false;
  private readonly onThaw: (() => void)[] = [];
  private onDeath: (() => void)[] = [];

  constructor(
    readonly id: string,
    readonly spec: ContainerSpec,
    readonly driver: FakeDriver,
  ) {
    this.address = { host: id, port: 8080 };
    this.exited = new Promise(resolve => {
      this.exit = resolve;
    });
  }

  /** Ends as if by itself. */
  die(info: ExitInfo = { code: 1, outOfMemory: false }): void {
    if (this.dead) return;
    this.dead = true;
    this.exit(info);
    for (const fn of this.onDeath.splice(0)) fn();
  }

  whenDead(fn: () => void): void {
    if (this.dead) fn();
    else this.onDeath.push(fn);
  }

  get resumesSlowly(): boolean {
    return this.driver.script.resumesSlowly ?? false;
  }

  async pause(): Promise<void> {
    await this.driver.operation('pause', this.driver.script.pause);
    this.frozen = true;
  }

  /** It runs again in the middle of the time that the engine takes to say so. */
  async resume(): Promise<void> {
    const { resume } = this.driver.script;
    if (typeof resume === 'number') void this.driver.wait(resume / 2).then(() => this.thaw());
    await this.driver.operation('resume', resume);
    this.thaw();
  }

  /** Calls back when it stands still no more. */
  whenRunning(fn: () => void): void {
    if (this.frozen) this.onThaw.push(fn);
    else fn();
  }

  private thaw(): void {
    this.frozen = false;
    for (const fn of this.onThaw.splice(0)) fn();
  }

  async remove(): Promise<void> {
    await this.driver.operation('remove', this.driver.script.remove);
    this.removed = true;
    this.driver.live.delete(this);
    this.die({ code: 137, outOfMemory: false });
  }

  onOutput(): void {}
}

/** A driver whose containers exist only as numbers. It keeps what tests ask about. */
export class FakeDriver implements Driver {
  readonly name = 'process' as const;
  readonly canPause = true;
  readonly live = new Set<FakeContainer>();
  readonly made: FakeContainer[] = [];
  readonly operations: string[] = [];
  /** The most memory that live containers held together. */
  peak = 0;
  creating = 0;

  constructor(
    readonly clock: Clock,
    public script: Script = {},
  ) {}

  available(): Promise<{ usable: true }> {
    return Promise.resolve({ usable: true });
  }

  async create(spec: ContainerSpec): Promise<Container> {
    const { create } = this.script;
    const how = typeof create === 'function' ? create(spec) : create;
    this.creating += spec.memory;
    this.measure();
    try {
      if (how === 'never') return await new Promise<never>(() => undefined);
      await this.wait(how instanceof Error ? 0 : (how ?? 0));
      if (how instanceof Error) throw how;
    } finally {
      this.creating -= spec.memory;
    }
    const container = new FakeContainer(`fake${this.made.length}`, spec, this);
    this.made.push(container);
    this.live.add(container);
    return container;
  }

  sweep(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async operation(name: string, script: number | string | undefined): Promise<void> {
    this.operations.push(name);
    if (script === 'never') await new Promise(() => undefined);
    if (script === 'fails') throw new NotResumedError(`${name} failed`);
    if (script === 'unknown') throw new Error(`${name} is lost`);
    await this.wait(typeof script === 'number' ? script : 0);
  }

  wait(ms: number | undefined): Promise<void> {
    return ms ? new Promise(resolve => void this.clock.after(ms, resolve)) : Promise.resolve();
  }

  /** Client and logs for such containers. */
  wiring(): Wiring {
    return {
      client: address => this.caller(this.made.find(c => 'host' in address && c.id === address.host) as FakeContainer),
      logs: () => this.logSource(),
    };
  }

  private measure(): void {
    let held = this.creating;
    for (const { spec } of this.live) held += spec.memory;
    this.peak = Math.max(this.peak, held);
  }

  private caller(container: FakeContainer): Caller {
    let closed = false;
    const closers: (() => void)[] = [];
    const call = (ms: number | 'never', timeout: number | undefined, result: () => CallResult): Promise<CallResult> =>
      new Promise(resolve => {
        if (closed || container.dead) {
          resolve({ kind: 'connection', beforeSent: true, reason: 'refused' });
          return;
        }
        container.inFlight++;
        let done = false;
        const end = (how: CallResult): void => {
          if (done) return;
          done = true;
          container.inFlight--;
          resolve(how);
        };
        closers.push(() => end({ kind: 'connection', beforeSent: false, reason: 'closed' }));
        container.whenDead(() => end({ kind: 'connection', beforeSent: false, reason: 'reset' }));
        if (timeout !== undefined) this.clock.after(timeout, () => end({ kind: 'timeout' }));
        if (ms !== 'never') container.whenRunning(() => void this.wait(ms).then(() => end(result())));
      });
    const run = (body: string, timeout?: number): Promise<CallResult> => {
      container.calls++;
      const { run: script, result } = this.script;
      const ms = typeof script === 'function' ? script(body) : (script ?? 0);
      return call(ms, timeout, () => result?.(body) ?? response('{}'));
    };
    return {
      init: (body, timeout) => {
        const { init, initResult } = this.script;
        return call(init ?? 0, timeout, () => initResult?.(String(body)) ?? response('{}'));
      },
      run: (body, timeout) => run(String(body), timeout),
      ahead: body => {
        const limited: ((result: CallResult) => void)[] = [];
        const limit = new Promise<CallResult>(resolve => limited.push(resolve));
        const result = Promise.race([run(String(body)), limit]);
        return {
          result,
          sent: true,
          limit: ms => void this.clock.after(ms, () => limited[0]?.({ kind: 'timeout' })),
        };
      },
      close: () => {
        closed = true;
        for (const fn of closers.splice(0)) fn();
      },
    };
  }

  private logSource(): LogSource {
    const logs: CollectedLogs = { lines: [], failed: false };
    return {
      separable: false,
      sentinelsOptional: false,
      begin: () => undefined,
      collect: () => this.wait(this.script.sentinel).then(() => logs),
    };
  }
}
