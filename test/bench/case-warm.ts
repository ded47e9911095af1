import { availableParallelism } from 'node:os';
import { runBytes, withBare } from './bare.js';
import { both, type Case, type DriverName, NOOP, SLEEP } from './case.js';
import { clients, drive, type LoadResult } from './load.js';
import { usage } from './machine.js';
import { type Server, withServer } from './server.js';

const load = (server: Server, bytes: Buffer, n: number, more: { count?: number; ms?: number; warmUp?: number }) =>
  drive({ targets: clients(server.target, n), next: () => bytes, ...more });

/** One client, calls in turn with bare ones: 4 rounds of each, so that both see the same machine. */
export const warm: Case = {
  about: 'a warm blocking call by 1 client, over POST /run to a container of the same make',
  drivers: both,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, server =>
      withBare(driver, 1, NOOP, async targets => {
        const call = server.call(await server.action(NOOP));
        const through: LoadResult[] = [];
        const bare: LoadResult[] = [];
        for (let round = 0; round < 4; round++) {
          through.push(await load(server, call, 1, { count: 500, warmUp: 300 }));
          bare.push(await drive({ targets, next: () => runBytes, count: 500, warmUp: 300 }));
        }
        const middle = (results: LoadResult[]): LoadResult =>
          [...results].sort((a, b) => a.p50 - b.p50)[Math.floor(results.length / 2)] as LoadResult;
        const [served, alone] = [middle(through), middle(bare)];
        const over = served.p50 - alone.p50;
        const bar = driver === 'docker' ? 0.4 : 0.3;
        const what = 'warm call, 1 client, p50 over bare /run';
        return [
          {
            what,
            driver,
            figure: over,
            unit: 'ms',
            bar: `at most +${bar} ms`,
            met: over <= bar,
            ...served,
            bare: alone,
          },
        ];
      }),
    ),
};

const MS = 4000;

const throughputOf = (driver: DriverName, code: string, n: number, flags: string[], warmUpMs = 2500) =>
  withServer({ driver, flags: ['--no-prewarm', ...flags] }, async server => {
    const name = await server.action(code);
    const call = server.call(name);
    await server.invoke(name);
    await load(server, call, n, { ms: warmUpMs });
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
      const result = await throughputOf(driver, SLEEP, 32, ['--scale', scale, '--pool-memory', '16384'], 12_000);
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

export const cpu: Case = {
  about: "the server's own CPU time for each invocation",
  drivers: both,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async server => {
      const call = server.call(await server.action(NOOP));
      await load(server, call, 16, { count: 3000 });
      const before = server.pid === undefined ? 0 : usage(server.pid).cpuMs;
      const result = await load(server, call, 16, { count: 10_000 });
      const after = server.pid === undefined ? 0 : usage(server.pid).cpuMs;
      const figure = (after - before) / 10_000;
      return [
        {
          what: 'server CPU an invocation',
          driver,
          figure,
          unit: 'ms',
          bar: 'at most 0.25 ms',
          met: figure <= 0.25,
          ...result,
        },
      ];
    }),
};
