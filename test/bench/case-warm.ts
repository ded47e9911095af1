import { runBytes, withBare } from './bare.js';
import { both, type Case, NOOP } from './case.js';
import { floorBytes, withFloor } from './floor.js';
import { inTurn, type Turns } from './in-turn.js';
import type { LoadResult } from './load.js';
import { withServer } from './server.js';

/** Compilers first: a program of some size takes thousands of calls until it is as fast as it will be. */
export const WARM_TURNS: Turns = { first: { count: 5000 }, each: { count: 500, warmUp: 300 }, rounds: 4 };

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
          const [served, alone, floor] = (await inTurn(parties, WARM_TURNS)) as [LoadResult, LoadResult, LoadResult];
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
