import { silentLogger } from '../../src/log.js';
import type { Executable, Job, Outcome } from '../../src/pool/job.js';
import { createPool, type Pool, type PoolOptions } from '../../src/pool/pool.js';
import { FakeClock } from './fake-clock.js';
import { FakeDriver, type Script } from './fake-driver.js';

export const executable = (path: string, more: Partial<Executable> = {}): Executable => ({
  key: path,
  namespace: path.split('/')[0] ?? 'guest',
  path,
  kind: 'nodejs:20',
  image: 'image',
  memory: 256,
  timeout: 60_000,
  logs: 10,
  concurrency: 1,
  sentinels: true,
  initBody: () => Buffer.from('{}'),
  ...more,
});

let jobs = 0;

export const job = (of: Executable, body = '{}', more: Partial<Job> = {}): Job => ({
  activationId: String(++jobs).padStart(32, '0'),
  transactionId: 'tid',
  executable: of,
  accepted: 0,
  runBody: () => body,
  ...more,
});

/** Lets everything that needs no time happen: promises, microtasks. */
export const flush = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise<void>(resolve => setImmediate(resolve));
};

export interface Rig {
  readonly clock: FakeClock;
  readonly driver: FakeDriver;
  readonly pool: Pool;
  /** Submits a job accepted now; `ended` fills as outcomes come. */
  submit(of: Executable, body?: string, more?: Partial<Job>): Promise<Outcome>;
  /** Moves time on in steps of `step` ms, letting things happen at each. */
  advance(ms: number, step?: number): Promise<void>;
  /** Advances until `condition` holds; throws after `limit` ms. */
  until(condition: () => boolean, limit?: number, step?: number): Promise<void>;
}

/** A pool over a scripted driver and a clock that stands still. */
export const rig = (script: Script = {}, options: Partial<PoolOptions> = {}): Rig => {
  const clock = new FakeClock();
  const driver = new FakeDriver(clock, script);
  const pool = createPool({
    memory: 1024,
    pick: () => Promise.resolve(driver),
    namePrefix: 'wsk0',
    labels: {},
    env: () => ({}),
    clock,
    scale: 'predictive',
    cores: 2,
    pauseGraceMs: 10_000,
    idleMs: 600_000,
    log: silentLogger(),
    maxQueue: 10_000,
    stemCells: [],
    adaptive: false,
    wiring: driver.wiring(),
    ...options,
  });
  const advance = async (ms: number, step = ms): Promise<void> => {
    await flush();
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left));
      await flush();
    }
  };
  return {
    clock,
    driver,
    pool,
    submit: (of, body, more) => pool.submit(job(of, body, { accepted: clock.now(), ...more })),
    advance,
    async until(condition, limit = 60_000, step = 5) {
      await flush();
      for (let passed = 0; !condition(); passed += step) {
        if (passed >= limit) throw new Error(`condition did not hold within ${limit} ms`);
        await advance(step);
      }
    },
  };
};
