import { both, type Case, NOOP } from './case.js';
import { clients, drive } from './load.js';
import { usage } from './machine.js';
import { wait, withServer } from './server.js';

const IDLE_MS = 15_000;
const PAUSED = 50;

export const idle: Case = {
  about: `a server with ${PAUSED} paused containers and nothing to do`,
  drivers: both,
  runs: 1,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm', '--pause-grace', '0.5', '--pool-memory', '16384'] }, async server => {
      for (let i = 0; i < PAUSED; i++) await server.invoke(await server.action(NOOP, { memory: 128 }));
      await wait(5000);
      if (server.pid === undefined) throw new Error('this case needs a server of its own');
      const before = usage(server.pid);
      await wait(IDLE_MS);
      const after = usage(server.pid);
      const figure = (100 * (after.cpuMs - before.cpuMs)) / IDLE_MS;
      const what = `idle with ${PAUSED} paused containers`;
      const cpu = { figure, unit: '% of a core', bar: 'at most 0.5%', met: figure <= 0.5 };
      const memory = { figure: after.rssMb, unit: 'MB', bar: 'at most 120 MB', met: after.rssMb <= 120 };
      return [
        { what: `${what}: CPU`, driver, ...cpu },
        { what: `${what}: resident memory`, driver, ...memory },
      ];
    }),
};

export const memory: Case = {
  about: 'resident memory after 100,000 invocations, over that after the first 10,000',
  drivers: ['process'],
  runs: 1,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async server => {
      if (server.pid === undefined) throw new Error('this case needs a server of its own');
      const call = server.call(await server.action(NOOP));
      const targets = clients(server.target, 16);
      const run = (count: number) => drive({ targets, next: () => call, count });
      await run(10_000);
      await wait(2000);
      const first = usage(server.pid).rssMb;
      const result = await run(90_000);
      await wait(2000);
      const last = usage(server.pid).rssMb;
      const figure = last - first;
      const what = 'resident memory after 100,000 invocations, over that after 10,000';
      return [{ what, driver, figure, unit: 'MB', bar: 'at most +20 MB', met: figure <= 20, first, last, ...result }];
    }),
};
