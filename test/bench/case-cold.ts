import { bareFirstRuns, initialise, PlainContainer, runBytes } from './bare.js';
import { both, type Case, type DriverName, type Figure, NOOP } from './case.js';
import { Connection } from './load.js';
import { type Server, type ServerOptions, wait, withServer } from './server.js';
import { Samples } from './statistics.js';

/** Between two cold starts: what the last one left to do is done by then. */
const REST = 300;

const firstAnswers = async (
  server: Server,
  n: number,
  rest: number,
  between?: () => Promise<void>,
): Promise<Samples> => {
  const samples = new Samples();
  for (let i = 0; i <= n; i++) {
    const name = await server.action(NOOP);
    await wait(rest);
    const took = await server.invoke(name);
    // The first one compiles the server's own code, too.
    if (i > 0) samples.add(took);
    await between?.();
  }
  return samples;
};

const plainStart = async (samples: Samples): Promise<void> => {
  await wait(REST);
  const before = performance.now();
  const container = await PlainContainer.start();
  try {
    await initialise(container.target, NOOP);
    samples.add(performance.now() - before);
  } finally {
    await container.remove();
  }
};

export const cold: Case = {
  about: 'the first answer of an action without any container, stem cells off',
  drivers: both,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async (server): Promise<Figure[]> => {
      const bare = new Samples();
      const samples = await firstAnswers(server, 10, REST, driver === 'docker' ? () => plainStart(bare) : undefined);
      const times = samples.distribution();
      if (driver === 'process') {
        const what = 'cold start, process, nodejs, p50';
        return [{ what, driver, figure: times.p50, unit: 'ms', bar: 'at most 60 ms', met: times.p50 <= 60, ...times }];
      }
      const plain = bare.distribution();
      const figure = (times.p50 / plain.p50 - 1) * 100;
      const what = 'cold start, docker, over create+start+/init+/run by dockerode, p50';
      return [{ what, driver, figure, unit: '%', bar: 'at most +15%', met: figure <= 15, ...times, bare: plain }];
    }),
};

const STEM_REST: Record<DriverName, number> = { docker: 2000, process: 800, kubernetes: 4000 };

export const stem: Case = {
  about: 'the first answer of an action whose kind has a stem cell',
  drivers: both,
  run: async driver => {
    const rest = STEM_REST[driver];
    const times = await withServer({ driver }, async server => {
      await wait(rest);
      return (await firstAnswers(server, 10, rest)).distribution();
    });
    const bare = (await bareFirstRuns(driver, NOOP, 10, rest)).distribution();
    const bar = driver === 'docker' ? 25 : 12;
    const what = `cold start with a stem cell, ${driver}, p50`;
    const met = times.p50 <= bar;
    return [{ what, driver, figure: times.p50, unit: 'ms', bar: `at most ${bar} ms`, met, ...times, bare }];
  },
};

export const resume: Case = {
  about: "a call that finds its container paused, over the engine's own unpause and a bare /run",
  drivers: ['docker'],
  run: driver => {
    const options: ServerOptions = { driver, flags: ['--no-prewarm', '--pause-grace', '0.2'] };
    return withServer(options, async server => {
      const plain = await PlainContainer.start();
      try {
        await initialise(plain.target, NOOP);
        const connection = new Connection(plain.target);
        await connection.request(runBytes);
        const name = await server.action(NOOP);
        await server.invoke(name);
        const served = new Samples();
        const bare = new Samples();
        const through = async (): Promise<void> => served.add(await server.invoke(name));
        const alone = async (): Promise<void> => {
          const before = performance.now();
          await plain.unpause();
          await connection.request(runBytes);
          bare.add(performance.now() - before);
        };
        // The engine is slower the first time after a rest, so they take turns in being first.
        for (let i = 0; i < 20; i++) {
          await plain.pause();
          await wait(700);
          for (const one of i % 2 === 0 ? [through, alone] : [alone, through]) await one();
        }
        connection.close();
        const [times, own] = [served.distribution(), bare.distribution()];
        const figure = times.p50 - own.p50;
        const what = "resume from paused, over the engine's own unpause, p50";
        return [{ what, driver, figure, unit: 'ms', bar: 'at most +3 ms', met: figure <= 3, ...times, bare: own }];
      } finally {
        await plain.remove();
      }
    });
  },
};

export const start: Case = {
  about: 'from starting the server process until it answers',
  drivers: both,
  run: async driver => {
    const samples = new Samples();
    for (let i = 0; i < 5; i++) await withServer({ driver }, async server => samples.add(server.startMs));
    const times = samples.distribution();
    return [
      {
        what: 'server ready',
        driver,
        figure: times.p50,
        unit: 'ms',
        bar: 'at most 500 ms',
        met: times.p50 <= 500,
        ...times,
      },
    ];
  },
};
