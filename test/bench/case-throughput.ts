import { availableParallelism } from 'node:os';
import { runBytes, withBare } from './bare.js';
import { both, type Case, type DriverName, type Figure, NOOP, SLEEP } from './case.js';
import { floorBytes, withFloor } from './floor.js';
import { median, type Party, roundsOf, type Turns } from './in-turn.js';
import { clients, drive, type LoadResult, type Target } from './load.js';
import { usage } from './machine.js';
import { withServer } from './server.js';

/** With many clients the compilers have less of the machine to themselves, and it takes more calls. */
const LOADED_WARM_UP = 20_000;
const ROUNDS = 5;

/** A server and an action of its own, which has been called once. */
const withAction = <T>(
  driver: DriverName,
  code: string,
  n: number,
  flags: readonly string[],
  use: (party: Party) => Promise<T>,
): Promise<T> =>
  withServer({ driver, flags: ['--no-prewarm', ...flags] }, async server => {
    const name = await server.action(code);
    const call = server.call(name);
    await server.invoke(name);
    return use({ targets: clients(server.target, n), next: () => call });
  });

const throughputs = (results: readonly LoadResult[] | undefined): number[] =>
  (results ?? []).map(result => result.throughput);

/** 16 clients on a no-op action, with both scaling rules, beside 16 hot containers and beside a single one. */
export const throughput: Case = {
  about: 'warm blocking calls of a no-op by 16 clients',
  drivers: both,
  run: driver =>
    withBare(driver, 17, NOOP, bare =>
      withAction(driver, NOOP, 16, [], served =>
        withAction(driver, NOOP, 16, ['--scale', 'eager'], async eager => {
          const [single, ...sixteen] = bare as [Target, ...Target[]];
          const one = { targets: clients(single, availableParallelism()), next: () => runBytes };
          const parties = [served, eager, { targets: sixteen, next: () => runBytes }, one];
          const turns: Turns = { first: { count: LOADED_WARM_UP }, each: { ms: 2000, warmUp: 500 }, rounds: ROUNDS };
          const [ours, eagers, all, alone] = (await roundsOf(parties, turns)).map(throughputs) as [
            number[],
            number[],
            number[],
            number[],
          ];
          const line = (what: string, own: number[], limit: number[], share: number): Figure => {
            const figure = median(own.map((calls, round) => (100 * calls) / (limit[round] as number)));
            const throughput = median(own);
            const met = figure >= share;
            return { what, driver, figure, unit: '%', bar: `at least ${share}%`, met, throughput, bare: median(limit) };
          };
          return [
            line('no-op, 16 clients, over bare /run to 16 hot containers', ours, all, 100),
            line('no-op, 16 clients, --scale eager, over bare /run to 16 hot containers', eagers, all, 55),
            line('no-op, 16 clients, over one hot container driven by a client a core', ours, alone, 50),
          ];
        }),
      ),
    ),
};

const SLEEP_FLAGS = ['--pool-memory', '16384'];

export const sleep: Case = {
  about: 'an action that sleeps 100 ms, 32 clients',
  drivers: both,
  run: driver =>
    withAction(driver, SLEEP, 32, [...SLEEP_FLAGS, '--scale', 'predictive'], predictive =>
      withAction(driver, SLEEP, 32, [...SLEEP_FLAGS, '--scale', 'eager'], async eager => {
        // 32 containers: each needs some hundred calls until its own code is as fast as it will be. In each round they are
        // resumed first, and all clients begin at once.
        const turns: Turns = { first: { ms: 30_000 }, each: { ms: 4000, warmUp: 640 }, rounds: ROUNDS };
        const results = await roundsOf([predictive, eager], turns);
        return ['predictive', 'eager'].map((scale, i) => {
          const what = `sleep 100 ms, 32 clients, ${scale}`;
          const figure = median(throughputs(results[i]));
          return { what, driver, figure, unit: '/s', bar: 'within 5% of 320/s', met: figure >= 304 };
        });
      }),
    ),
};

/** Beside it what a koa and undici take that do nothing else. Rounds of 5,000 calls by 16 clients, in turn. */
export const cpu: Case = {
  about: "the server's own CPU time for each invocation",
  drivers: both,
  run: driver =>
    withFloor(driver, floor =>
      withServer({ driver, flags: ['--no-prewarm'] }, async server => {
        const call = server.call(await server.action(NOOP));
        const parties = [
          { pid: server.pid, targets: clients(server.target, 16), next: () => call },
          { pid: floor.pid, targets: clients(floor.target, 16), next: () => floorBytes },
        ];
        const took: number[][] = parties.map(() => []);
        for (const party of parties) await drive({ ...party, count: LOADED_WARM_UP });
        for (let round = 0; round < ROUNDS; round++) {
          for (const [i, party] of parties.entries()) {
            const before = party.pid === undefined ? 0 : usage(party.pid).cpuMs;
            await drive({ ...party, count: 5000 });
            took[i]?.push(((party.pid === undefined ? 0 : usage(party.pid).cpuMs) - before) / 5000);
          }
        }
        const [figure, least] = took.map(median) as [number, number];
        const what = 'server CPU an invocation';
        return [{ what, driver, figure, unit: 'ms', bar: 'at most 0.25 ms', met: figure <= 0.25, floor: least }];
      }),
    ),
};
