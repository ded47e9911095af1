import type { Case, DriverName, Figure } from './case.js';
import { accept } from './case-accept.js';
import { burst } from './case-burst.js';
import { cold, resume, start, stem } from './case-cold.js';
import { kubernetes } from './case-kubernetes.js';
import { languages } from './case-languages.js';
import { idle, memory } from './case-rest.js';
import { scaleSim } from './case-scale-sim.js';
import { cpu, sleep, throughput } from './case-throughput.js';
import { warm } from './case-warm.js';
import { lists } from './list.js';
import { describeMachine } from './machine.js';
import { rounded } from './statistics.js';
import { routes, web } from './web.js';

/**
 * `npm run bench -- [case …] [--driver docker|process] [--runs N] [--markdown]`
 *
 * Prints one JSON line for each figure, the median of its runs; with `--markdown` a table after them. Without a case it
 * runs them all. `OW_APIHOST` and `OW_AUTH` aim it at another OpenWhisk; figures that look into the server's process are
 * then left out.
 */
const cases: Readonly<Record<string, Case>> = {
  start,
  warm,
  cold,
  stem,
  resume,
  throughput,
  sleep,
  accept,
  cpu,
  burst,
  idle,
  memory,
  list: lists,
  languages,
  web,
  routes,
  'scale-sim': scaleSim,
  kubernetes,
};

const usage = (): string =>
  Object.entries(cases)
    .map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
    .join('\n');

const help = (code: number, fault?: string): never => {
  if (fault !== undefined) process.stderr.write(`npm run bench: ${fault}\n\n`);
  (code === 0 ? process.stdout : process.stderr).write(
    `npm run bench -- [CASE …] [--driver docker|process] [--runs N] [--markdown]\n\nCases, all of them by default:\n${usage()}\n`,
  );
  process.exit(code);
};

interface Wishes {
  readonly names: readonly string[];
  readonly driver: string | undefined;
  readonly runs: number | undefined;
  readonly markdown: boolean;
}

const read = (argv: readonly string[]): Wishes => {
  const names: string[] = [];
  const values: Record<string, string> = {};
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    if (arg === '--driver' || arg === '--runs') values[arg] = argv[++i] ?? '';
    else if (arg === '--markdown') values[arg] = 'yes';
    else if (arg in cases) names.push(arg);
    else if (arg === '--help' || arg === '-h') help(0);
    else help(1, `no case '${arg}'`);
  }
  const runs = values['--runs'];
  if (runs !== undefined && !/^[1-9]\d*$/.test(runs)) help(1, `--runs is a whole number from 1, not '${runs}'`);
  return {
    names: names.length > 0 ? names : Object.keys(cases),
    driver: values['--driver'],
    runs: runs === undefined ? undefined : Number(runs),
    markdown: values['--markdown'] !== undefined,
  };
};

/** Of the figures of several runs the one with the median, by what they say. */
const medians = (runs: readonly Figure[][]): Figure[] =>
  (runs[0] ?? []).map((_, i) => {
    const figures = runs.map(run => run[i] as Figure).sort((a, b) => a.figure - b.figure);
    const middle = figures[Math.floor(figures.length / 2)] as Figure;
    return { ...middle, runs: figures.map(f => f.figure) };
  });

const measure = async (one: Case, driver: DriverName, runs: number): Promise<Figure[]> => {
  const results: Figure[][] = [];
  for (let i = 0; i < runs; i++) results.push(await one.run(driver));
  return medians(results);
};

const table = (figures: readonly Figure[], machine: string): string =>
  [
    `Measured on ${machine}.`,
    '',
    '| what | driver | measured | bar | |',
    '|---|---|---|---|---|',
    ...figures.map(
      f => `| ${f.what} | ${f.driver} | ${rounded(f.figure)} ${f.unit} | ${f.bar} | ${f.met ? '✓' : '✗'} |`,
    ),
  ].join('\n');

const main = async (): Promise<void> => {
  const { names, driver, runs, markdown } = read(process.argv.slice(2));
  const figures: Figure[] = [];
  for (const name of names) {
    const one = cases[name] as Case;
    for (const using of one.drivers.filter(d => driver === undefined || d === driver)) {
      const measured = await measure(one, using, runs ?? one.runs ?? 3);
      for (const figure of measured) process.stdout.write(`${JSON.stringify(rounded({ case: name, ...figure }))}\n`);
      figures.push(...measured);
    }
  }
  if (markdown) process.stdout.write(`\n${table(figures, await describeMachine())}\n`);
};

await main();
