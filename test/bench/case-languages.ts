import { both, type Case, type DriverName, type Figure } from './case.js';
import { type Server, wait, withServer } from './server.js';
import { Samples } from './statistics.js';

interface Sample {
  readonly kind: string;
  readonly main?: string;
  /** An action that does nothing; `mark` is in it, so that no two are the same code. */
  readonly code: (mark: string) => string;
  /** Its code is compiled: the first call of new code is told apart from that of code that was built before. */
  readonly compiled?: boolean;
  readonly image?: string;
}

const JAVA = (mark: string): string =>
  `import com.google.gson.JsonObject;\npublic class Noop { // ${mark}\n  public static JsonObject main(JsonObject a) { return a; }\n}`;
const GO = (mark: string): string =>
  `package main\n// ${mark}\nfunc Main(a map[string]interface{}) map[string]interface{} { return a }`;
const RUST = (mark: string): string =>
  `extern crate serde_json;\nuse serde_json::{Error, Value};\n// ${mark}\npub fn main(args: Value) -> Result<Value, Error> { Ok(args) }`;

const samples: readonly Sample[] = [
  { kind: 'nodejs:20', code: mark => `const main = () => ({}); // ${mark}` },
  { kind: 'python:3.11', code: mark => `def main(args):\n    return {} # ${mark}` },
  { kind: 'php:8.2', code: mark => `<?php\nfunction main(array $a): array { return ["a" => 1]; } // ${mark}` },
  { kind: 'ruby:3.1', code: mark => `def main(args)\n  {} # ${mark}\nend` },
  { kind: 'go:1.24', code: GO, compiled: true },
  { kind: 'java:17', main: 'Noop', code: JAVA, compiled: true },
  { kind: 'rust:1.85', code: RUST, compiled: true },
  {
    kind: 'blackbox',
    image: 'miniwhisk/dockerskeleton:local',
    code: mark => `#!/bin/bash\n# ${mark}\necho "{}"`,
  },
];

const COLD = 5;
const WARM = 100;
/** Between two cold starts: what the last one left to do is done by then. */
const REST = 300;

let count = 0;
const mark = (): string => `${process.pid} ${++count}`;

const create = async (server: Server, sample: Sample, code: string): Promise<string> => {
  const { kind, main, image } = sample;
  const name = `language${++count}`;
  const exec = { kind, code, ...(main && { main }), ...(image && { image }) };
  const { status, body } = await server.send('PUT', `namespaces/_/actions/${name}`, { exec });
  if (status !== 200) throw new Error(`${kind} not created: ${status} ${body}`);
  await wait(REST);
  return name;
};

/** The first call of `n` actions. The one before them fills what the toolchain keeps for all actions, and is not counted. */
const coldStarts = async (server: Server, sample: Sample, code: () => string): Promise<Samples> => {
  const times = new Samples();
  for (let i = 0; i <= COLD; i++) {
    const took = await server.invoke(await create(server, sample, code()));
    if (i > 0) times.add(took);
  }
  return times;
};

const figure = (driver: DriverName, { kind }: Sample, what: string, times: Samples): Figure => {
  const { p50, ...rest } = times.distribution();
  const name = kind === 'blackbox' ? 'Docker action' : kind;
  return { what: `${name}, ${what}, p50`, driver, figure: p50, unit: 'ms', bar: 'none', met: true, ...rest };
};

const measure = async (server: Server, driver: DriverName, sample: Sample): Promise<Figure[]> => {
  const cold = await coldStarts(server, sample, () => sample.code(mark()));
  const figures = [figure(driver, sample, 'cold', cold)];
  if (sample.compiled && driver === 'process') {
    const code = sample.code(mark());
    figures.push(figure(driver, sample, 'cold, built before', await coldStarts(server, sample, () => code)));
  }
  const warm = new Samples();
  const action = await create(server, sample, sample.code(mark()));
  await server.invoke(action);
  for (let i = 0; i < WARM; i++) warm.add(await server.invoke(action));
  return [...figures, figure(driver, sample, 'warm', warm)];
};

export const languages: Case = {
  about: 'first and warm call of every language whose image npm run images makes, and of its process',
  drivers: both,
  runs: 1,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async server => {
      const figures: Figure[] = [];
      for (const sample of samples.filter(({ image }) => driver === 'docker' || image === undefined)) {
        figures.push(...(await measure(server, driver, sample)));
      }
      return figures;
    }),
};
