import { both, type Case, type DriverName, type Figure, NOOP, SLEEP } from './case.js';
import { clients, drive } from './load.js';
import { type Server, wait, withServer } from './server.js';

const CALLS = 200;
const MEMORY = 2048;
const SLOTS = MEMORY / 256;

/** How long the pool is left alone before the burst. */
const REST = 500;

/** The most memory in MB that the pool's containers ever held at a time. */
const mostMemory = async (server: Server): Promise<number> => {
  const { status, body } = await server.get('/miniwhisk/v1/pool');
  if (status !== 200) throw new Error(`GET /miniwhisk/v1/pool: ${status} ${body}`);
  return (JSON.parse(body.toString()) as { memory: { peak: number } }).memory.peak;
};

interface Burst {
  readonly label: string;
  readonly code: string;
  /** Another action is called by 16 clients before: its containers fill the pool as far as it needs them. */
  readonly others: boolean;
  /** ms, by those of a cold start and of a warm call by 16 clients (0 without `others`). */
  readonly ideal: (cold: number, warm: number) => number;
}

const burstOf = (driver: DriverName, { label, code, others, ideal }: Burst): Promise<Figure> =>
  withServer({ driver, flags: ['--no-prewarm', '--pool-memory', String(MEMORY)] }, async server => {
    // Measured on actions of their own; these give their memory up to the burst.
    const known = await server.action(code);
    await server.invoke(known);
    const cold = await server.invoke(await server.action(code));
    const warmCall = server.call(known);
    const hot = { targets: clients(server.target, 16), next: () => warmCall, ms: 1500 };
    const warm = others ? 1000 / (await drive(hot)).throughput : 0;
    const call = server.call(await server.action(code));
    const targets = clients(server.target, CALLS);
    await wait(REST);
    const result = await drive({ targets, next: () => call, count: CALLS });
    const most = await mostMemory(server);
    const best = ideal(cold, warm);
    const figure = result.max / best;
    const met = figure <= 1.3 && result.errors === 0 && result.n === CALLS && most <= MEMORY;
    const what = `burst of ${CALLS} on a cold action, ${label}, makespan over ideal`;
    return {
      what,
      driver,
      figure,
      unit: '×',
      bar: 'at most 1.3×, none fails, memory held',
      met,
      ...result,
      makespan: result.max,
      ideal: best,
      cold,
      mostMemory: most,
    };
  });

export const burst: Case = {
  about: `${CALLS} calls at once of a cold action in a pool of ${MEMORY} MB`,
  drivers: both,
  run: async driver => {
    // One cold start, then calls as fast as hot ones go.
    const short = (cold: number, warm: number): number => cold + CALLS * warm;
    // All slots cold at once, then in rounds.
    const long = (cold: number): number => cold + (CALLS / SLOTS - 1) * 100;
    return [
      await burstOf(driver, { label: 'no-op', code: NOOP, others: true, ideal: short }),
      await burstOf(driver, { label: 'sleep 100 ms', code: SLEEP, others: false, ideal: long }),
      await burstOf(driver, {
        label: 'sleep 100 ms, in a pool full of another',
        code: SLEEP,
        others: true,
        ideal: long,
      }),
    ];
  },
};
