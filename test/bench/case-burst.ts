import { both, type Case, type DriverName, type Figure, NOOP, SLEEP } from './case.js';
import { clients, drive } from './load.js';
import { type Server, wait, withServer } from './server.js';

const CALLS = 200;
const MEMORY = 2048;
const SLOTS = MEMORY / 256;

/** The most memory that the pool says its containers hold, looked at every few ms while `work` lasts. */
const mostMemory = async <T>(server: Server, work: Promise<T>): Promise<{ result: T; most: number }> => {
  let most = 0;
  let working = true;
  const watch = (async () => {
    while (working) {
      const { status, body } = await server.get('/miniwhisk/v1/pool');
      if (status === 200)
        most = Math.max(most, (JSON.parse(body.toString()) as { memory: { used: number } }).memory.used);
      await wait(20);
    }
  })();
  const result = await work;
  working = false;
  await watch;
  return { result, most };
};

const burstOf = (driver: DriverName, label: string, code: string, ideal: (cold: number, warm: number) => number) =>
  withServer({ driver, flags: ['--no-prewarm', '--pool-memory', String(MEMORY)] }, async (server): Promise<Figure> => {
    // Measured on actions of their own; these give their memory up to the burst.
    const known = await server.action(code);
    await server.invoke(known);
    const cold = await server.invoke(await server.action(code));
    const warmCall = server.call(known);
    const hot = await drive({ targets: clients(server.target, 16), next: () => warmCall, ms: 1500 });
    const call = server.call(await server.action(code));
    await wait(500);
    const targets = clients(server.target, CALLS);
    const { result, most } = await mostMemory(server, drive({ targets, next: () => call, count: CALLS }));
    const best = ideal(cold, 1000 / hot.throughput);
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
  run: async driver => [
    // A no-op: one cold start, then calls as fast as hot ones go. A sleeping one: all slots cold at once, then in rounds.
    await burstOf(driver, 'no-op', NOOP, (cold, warm) => cold + CALLS * warm),
    await burstOf(driver, 'sleep 100 ms', SLEEP, cold => cold + (CALLS / SLOTS - 1) * 100),
  ],
};
