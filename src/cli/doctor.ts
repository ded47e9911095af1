import type { CommandModule } from 'yargs';
import { colorWanted } from '../config/load.js';
import type { OptionName } from '../config/options.js';
import { withKinds } from '../runtimes/custom-kinds.js';
import { loadManifest } from '../runtimes/manifest.js';
import { type Flags, print } from './data.js';
import type { Check, KindCheck } from './doctor-checks.js';
import { configOf, withOptions } from './options.js';

const OPTIONS: readonly OptionName[] = [
  'port',
  'host',
  'dataDir',
  'memory',
  'driver',
  'dockerHost',
  'pull',
  'manifest',
  'kind',
];

const MARKS = { ok: ['32', 'ok     '], note: ['33', 'note   '], trouble: ['31', 'TROUBLE'] } as const;

const mark = (state: Check['state']): string => {
  const [color, text] = MARKS[state];
  return colorWanted(process.stdout.isTTY) ? `\u001b[${color}m${text}\u001b[0m` : text;
};

const kindLines = (kinds: readonly KindCheck[]): string[] => {
  const width = Math.max(...kinds.map(({ kind }) => kind.length));
  return kinds.flatMap(({ kind, docker, process: local }) => {
    const image = docker.here ? `${Math.round((docker.size ?? 0) / 1e6)} MB` : 'not here';
    const program = local.usable
      ? `${local.version} (${local.program})${local.note === undefined ? '' : ', another version'}`
      : `no: ${local.reason}`;
    const more = [docker.local && `${docker.local}, built here, is used`, docker.note].filter(Boolean);
    return [
      `  ${kind.padEnd(width)}  image ${image.padEnd(9)}  process ${program}`,
      ...more.map(text => `  ${' '.repeat(width)}  ${text}`),
    ];
  });
};

const examine = async (argv: Flags): Promise<void> => {
  // Drivers and checks are loaded only here: the other commands do without.
  const { checkDataDir, checkDocker, checkDrivers, checkKinds, checkNode, checkPort, checkWsk } = await import(
    './doctor-checks.js'
  );
  const config = configOf(argv);
  const runtimes = withKinds(loadManifest(config.manifest), config.kind ?? []);
  const images = runtimes.kinds().map(kind => runtimes.kind(kind)?.image ?? '');
  const [{ check: docker, reports }, ...others] = await Promise.all([
    checkDocker(config, images),
    checkDataDir(config),
    checkPort(config),
    checkWsk(),
  ]);
  const kinds = await checkKinds(runtimes, config, docker, reports);
  const checks = [checkNode(), ...others, docker, checkDrivers(config, docker, kinds)];
  const healthy = checks.every(({ state }) => state !== 'trouble');
  if (argv['json'] === true) {
    print(JSON.stringify({ healthy, checks, kinds }, undefined, 2));
  } else {
    for (const { name, state, text } of checks) print(`${mark(state)} ${name.padEnd(10)} ${text}`);
    print(['', 'kinds', ...kindLines(kinds)].join('\n'));
  }
  process.exitCode = healthy ? 0 : 1;
};

export const doctorCommand: CommandModule<object, Flags> = {
  command: 'doctor',
  describe: 'Tell what a server would find here: toolchains, Docker, images, port, data dir',
  builder: yargs =>
    withOptions(yargs, OPTIONS, 'As for start:')
      .option('json', { type: 'boolean', describe: 'Answer in JSON' })
      .example('$0 doctor', 'exit code 1 when a server could not start, or run nothing')
      .example('$0 doctor --driver docker --pull never', 'whether it would do without processes and network')
      .example('$0 doctor --json', 'for scripts') as never,
  handler: examine,
};
