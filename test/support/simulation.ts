import { silentLogger } from '../../src/log.js';
import type { CallResult } from '../../src/pool/client.js';
import type { Container, ContainerSpec, Driver, ExitInfo } from '../../src/pool/driver.js';
import type { Executable, Job, Outcome } from '../../src/pool/job.js';
import { createPool, type Pool, type PoolOptions } from '../../src/pool/pool.js';
import { response } from './fake-driver.js';
import { Machine, SimClock } from './machine.js';
import { executable, job } from './pool.js';

/** What a call costs: ms of a core, then ms of waiting for something else. `last`: what it does before it ends. */
export interface Call {
  readonly cpu: number;
  readonly io: number;
  readonly last?: () => Promise<unknown>;
}

export interface SimulationOptions extends Partial<Pick<PoolOptions, 'scale' | 'memory' | 'stemCells' | 'adaptive'>> {
  readonly cores?: number;
  /** ms of a core (of `threads` at once: the engine's, too), and of waiting, that a cold start takes; /init: 5 ms of a core. */
  readonly cold?: Call & { readonly threads?: number };
  /** What the server itself computes for each call, half of it before the pool has it; it has one thread. */
  readonly server?: number;
  /** See `Machine`. */
  readonly switching?: number;
}

/** A pool on a modelled machine. Everything happens in simulated time. */
export class Simulation {
  readonly clock = new SimClock();
  readonly machine: Machine;
  readonly pool: Pool;
  private readonly server: number;
  private thread: Promise<unknown> = Promise.resolve();
  private readonly calls = new Map<string, Call>();
  private count = 0;
  /** Most memory held at once, and most containers. */
  peak = 0;
  most = 0;
  created = 0;

  constructor(options: SimulationOptions = {}) {
    const { cores = 2, cold = { cpu: 80, io: 120 }, server = 0.2, switching = 0.02, ...pool } = options;
    this.server = server;
    this.machine = new Machine(this.clock, cores, switching);
    const driver = this.driver(cold);
    this.pool = createPool({
      memory: 16_384,
      pick: () => Promise.resolve(driver),
      namePrefix: 'sim',
      labels: {},
      env: () => ({}),
      clock: this.clock,
      scale: 'predictive',
      cores,
      pauseGraceMs: 10_000,
      idleMs: 600_000,
      log: silentLogger(),
      maxQueue: 100_000,
      stemCells: [],
      adaptive: false,
      ...pool,
      wiring: {
        client: () => ({
          init: () => this.machine.compute(5).then(() => response('{}')),
          run: body => this.run(String(body)),
          ahead: body => ({ result: this.run(String(body)), sent: true, limit: () => undefined }),
          close: () => undefined,
        }),
        logs: () => ({
          separable: true,
          sentinelsOptional: true,
          begin: () => undefined,
          collect: () => Promise.resolve({ lines: [], failed: false }),
        }),
      },
    });
  }

  /** An action whose calls cost what `call` says. */
  action(path: string, call: Call, more: Partial<Executable> = {}): Executable {
    this.calls.set(path, call);
    return executable(path, more);
  }

  async submit(of: Executable, more: Partial<Job> = {}): Promise<Outcome> {
    await this.serve();
    return this.pool.submit(job(of, of.path, { accepted: this.clock.now(), ...more }));
  }

  /** Lets simulated time pass until `until` settles, or up to `limit` ms. */
  async pass(limit: number, until?: Promise<unknown>): Promise<void> {
    const end = this.clock.now() + limit;
    let ended = false;
    void until?.then(() => {
      ended = true;
    });
    for (;;) {
      await new Promise<void>(resolve => setImmediate(resolve));
      this.observe();
      if (ended || !this.clock.step(end)) return;
    }
  }

  /** Clients that call one after the other; resolves to calls a second over the last `measure` of `total` ms. */
  async throughput(of: Executable, clients: number, total = 8000, measure = 3000): Promise<number> {
    const rate = this.clients(of, clients, total, measure);
    await this.pass(total * 4, rate);
    return rate;
  }

  /** As `throughput`, while somebody else lets time pass: clients of several actions at once. */
  async clients(of: Executable, clients: number, total: number, measure: number): Promise<number> {
    const start = this.clock.now();
    let counted = 0;
    const client = async (): Promise<void> => {
      while (this.clock.now() < start + total) {
        await this.submit(of);
        const at = this.clock.now() - start;
        if (at > total - measure && at <= total) counted++;
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    return (counted * 1000) / measure;
  }

  /** Simulated ms until all of `n` calls made at once have ended. */
  async makespan(of: Executable, n: number, limit = 600_000): Promise<number> {
    const start = this.clock.now();
    await this.pass(limit, Promise.all(Array.from({ length: n }, () => this.submit(of))));
    return this.clock.now() - start;
  }

  private observe(): void {
    const { memory, containers } = this.pool.stats();
    this.peak = Math.max(this.peak, memory.used);
    this.most = Math.max(this.most, containers.length);
  }

  private async run(path: string): Promise<CallResult> {
    const call = this.calls.get(path) as Call;
    if (call.cpu > 0) await this.machine.compute(call.cpu);
    if (call.io > 0) await this.wait(call.io);
    await call.last?.();
    await this.serve();
    return response('{}');
  }

  /** The server's own work of half a call, after what it has to do already. */
  private serve(): Promise<void> {
    const turn = this.thread.then(async () => {
      const before = this.clock.now();
      await this.machine.compute(this.server / 2);
      this.clock.worked(this.clock.now() - before);
    });
    this.thread = turn;
    return turn;
  }

  private wait(ms: number): Promise<void> {
    return new Promise(resolve => void this.clock.after(ms, resolve));
  }

  private driver(cold: NonNullable<SimulationOptions['cold']>): Driver {
    return {
      name: 'docker',
      canPause: true,
      available: () => Promise.resolve({ usable: true }),
      create: async (spec: ContainerSpec): Promise<Container> => {
        this.created++;
        const id = `sim${++this.count}`;
        await Promise.all(Array.from({ length: cold.threads ?? 1 }, () => this.machine.compute(cold.cpu)));
        await this.wait(cold.io);
        let exit: (info: ExitInfo) => void = () => undefined;
        return {
          id,
          address: { host: spec.name, port: 1 },
          pause: () => this.wait(10),
          resume: () => this.wait(10),
          remove: async () => {
            await this.wait(20);
            exit({ code: 137, outOfMemory: false });
          },
          exited: new Promise(resolve => {
            exit = resolve;
          }),
          onOutput: () => undefined,
        };
      },
      sweep: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    };
  }
}
