import { availableParallelism } from 'node:os';
import { runBytes, withBare } from './bare.js';
import { both, type Case, type DriverName, NOOP, SLEEP } from './case.js';
import { floorBytes, withFloor } from './floor.js';
import { clients, drive, type LoadResult, type Target } from './load.js';
import { usage } from './machine.js';
import { type Server, withServer } from './server.js';

const WARM_UP = 5000;

const load = (server: Server, bytes: Buffer, n: number, more: { count?: number; ms?: number; warmUp?: number }) =>
  drive({ targets: clients(server.target, n), next: () => bytes, ...more });

const middle = (results: LoadResult[]): LoadResult =>
  [...results].sort((a, b) => a.p50 - b.p50)[Math.floor(results.length / 2)] as LoadResult;

export interface Party {
  readonly targets: readonly Target[];
  next(): Buffer;
}

/** Drives all of them in turn, 4 rounds of each, so that all see the same machine. Returns the middle round of each. */
export const inTurn = async (parties: readonly Party[]): Promise<LoadResult[]> => {
  // Compilers first: a program of some size takes thousands of calls until it is as fast as it will be.
  for (const party of parties) await drive({ ...party, count: WARM_UP });
  const rounds: LoadResult[][] = parties.map(() => []);
  for (let round = 0; round < 4; round++)
    for (const [i, party] of parties.entries()) rounds[i]?.push(await drive({ ...party, count: 500, warmUp: 300 }));
  return rounds.map(middle);
};

/** One client, calls in turn with bare ones and with those through a koa and undici that do nothing else. */
export const warm: Case = {
  about: 'a warm blocking call by 1 client, over POST /run to a container of the same make',
  drivers: both,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, server =>
      withBare(driver, 1, NOOP, targets =>
        withFloor(driver, async ({ target }) => {
          const call = server.call(await server.action(NOOP));
          const parties = [
            { targets: [server.target], next: () => call },
            { targets, next: () => runBytes },
            { targets: [target], next: () => floorBytes },
          ];
          const [served, alone, floor] = (await inTurn(parties)) as [LoadResult, LoadResult, LoadResult];
          const figure = served.p50 - alone.p50;
          const bar = driver === 'docker' ? 0.4 : 0.3;
          return [
            {
              what: 'warm call, 1 client, p50 over bare /run',
              driver,
              figure,
              unit: 'ms',
              bar: `at most +${bar} ms`,
              met: figure <= bar,
              floor: floor.p50 - alone.p50,
              ...served,
              bare: alone,
            },
          ];
        }),
      ),
    ),
};

const MS = 4000;
/** With so many clients the compilers have less of the machine to themselves, and it takes more calls. */
const LOADED_WARM_UP = 20_000;

const throughputOf = (
  driver: DriverName,
  code: string,
  n: number,
  flags: string[],
  warmUp: { count: number } | { ms: number } = { count: LOADED_WARM_UP },
) =>
  withServer({ driver, flags: ['--no-prewarm', ...flags] }, async server => {
    const name = await server.action(code);
    const call = server.call(name);
    await server.invoke(name);
    await load(server, call, n, warmUp);
    return load(server, call, n, { ms: MS });
  });

/** 16 clients on a no-op action, with both scaling rules, beside 16 hot containers and beside a single one. */
export const throughput: Case = {
  about: 'warm blocking calls of a no-op by 16 clients',
  drivers: both,
  run: async driver => {
    const bare16 = await withBare(driver, 16, NOOP, async targets => {
      await drive({ targets, next: () => runBytes, ms: 1000 });
      return drive({ targets, next: () => runBytes, ms: MS });
    });
    const bareOne = await withBare(driver, 1, NOOP, async ([target]) => {
      const targets = clients(target as never, availableParallelism());
      await drive({ targets, next: () => runBytes, ms: 1000 });
      return drive({ targets, next: () => runBytes, ms: MS });
    });
    const served = await throughputOf(driver, NOOP, 16, []);
    const eager = await throughputOf(driver, NOOP, 16, ['--scale', 'eager']);
    const line = (what: string, result: LoadResult, bare: LoadResult, share: number) => {
      const figure = (100 * result.throughput) / bare.throughput;
      return { what, driver, figure, unit: '%', bar: `at least ${share}%`, met: figure >= share, ...result, bare };
    };
    return [
      line('no-op, 16 clients, over bare /run to 16 hot containers', served, bare16, 100),
      line('no-op, 16 clients, --scale eager, over bare /run to 16 hot containers', eager, bare16, 55),
      line('no-op, 16 clients, over one hot container driven by a client a core', served, bareOne, 50),
    ];
  },
};

export const sleep: Case = {
  about: 'an action that sleeps 100 ms, 32 clients',
  drivers: both,
  run: async driver => {
    const figures = [];
    for (const scale of ['predictive', 'eager']) {
      const result = await throughputOf(driver, SLEEP, 32, ['--scale', scale, '--pool-memory', '16384'], {
        // 32 containers: each needs some hundred calls until its own code is as fast as it will be.
        ms: 30_000,
      });
      const figure = result.throughput;
      const bar = 'within 5% of 320/s';
      figures.push({
        what: `sleep 100 ms, 32 clients, ${scale}`,
        driver,
        figure,
        unit: '/s',
        bar,
        met: figure >= 304,
        ...result,
      });
    }
    return figures;
  },
};

/** CPU time in ms that the process `pid` takes for each of 10,000 calls by 16 clients. */
const cpuOf = async (pid: number | undefined, target: Target, bytes: Buffer): Promise<[number, LoadResult]> => {
  const targets = clients(target, 16);
  await drive({ targets, next: () => bytes, count: LOADED_WARM_UP });
  const before = pid === undefined ? 0 : usage(pid).cpuMs;
  const result = await drive({ targets, next: () => bytes, count: 10_000 });
  return [((pid === undefined ? 0 : usage(pid).cpuMs) - before) / 10_000, result];
};

/** Beside it what a koa and undici take that do nothing else. */
export const cpu: Case = {
  about: "the server's own CPU time for each invocation",
  drivers: both,
  run: async driver => {
    const [floor] = await withFloor(driver, ({ pid, target }) => cpuOf(pid, target, floorBytes));
    const [figure, result] = await withServer({ driver, flags: ['--no-prewarm'] }, async server =>
      cpuOf(server.pid, server.target, server.call(await server.action(NOOP))),
    );
    const what = 'server CPU an invocation';
    return [{ what, driver, figure, unit: 'ms', bar: 'at most 0.25 ms', met: figure <= 0.25, floor, ...result }];
  },
};
