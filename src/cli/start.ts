import type { Argv, CommandModule } from 'yargs';
import { colorWanted, misspeltVariables } from '../config/load.js';
import { type Config, type OptionName, options } from '../config/options.js';
import { createLogger } from '../log.js';
import type { RunningServer } from '../server/start.js';
import type { Flags } from './data.js';
import { expectShortLives } from './heap.js';
import { configOf, typedOptions, withOptions } from './options.js';
import { errorOutput, progressWriter } from './pull-progress.js';

const everyOption = Object.keys(options) as OptionName[];

const addOptions = (yargs: Argv): Argv =>
  withOptions(yargs, everyOption, 'Server:')
    .option('verbose', { alias: 'v', type: 'boolean', describe: 'Log what happens', group: 'Server:' })
    .example('$0', 'start with everything at its default')
    .example('$0 --port 0 --memory --ready-file ready.json', 'a throw-away server for a test')
    .example('$0 --driver process', 'without Docker')
    .example('$0 --kind mylang=myorg/myimage:tag', 'a language of your own')
    .example('MINIWHISK_PORT=8080 $0', 'every option also by environment');

const flagsOf = (argv: Flags): Flags => {
  const flags = typedOptions(argv);
  if (argv['verbose'] === true && flags['logLevel'] === undefined) flags['logLevel'] = 'debug';
  return flags;
};

/** The server itself knows nothing of the environment. */
const warnOfVariables = async ({ logFormat, logLevel }: Config): Promise<void> => {
  const warnings = misspeltVariables();
  if (warnings.length === 0) return;
  const color = colorWanted(process.stderr.isTTY);
  const log = await createLogger({ format: logFormat, level: logLevel, color });
  for (const warning of warnings) log.warn(warning);
};

const banner = (server: RunningServer): string => {
  const { url, tlsUrl, gatewayUrl, auth, driver, store } = server;
  const rows = [
    ['url', url],
    ...(tlsUrl ? [['https', tlsUrl]] : []),
    ...(gatewayUrl ? [['apis', gatewayUrl]] : []),
    ['driver', driver],
    ['data', store],
  ].map(([name, value]) => `  ${name?.padEnd(8)}${value}`);
  return [`miniwhisk is ready`, ...rows, '', `  wsk property set --apihost ${url} --auth ${auth}`, ''].join('\n');
};

/**
 * A terminal's Ctrl-C reaches this process twice when npm runs it: from the terminal and from npm. What follows the first
 * signal within this time is the same key stroke.
 */
const SAME_KEYSTROKE_MS = 400;

const stopOnSignals = (server: RunningServer): Promise<void> =>
  new Promise(resolve => {
    let first: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (first !== undefined) {
        if (Date.now() - first > SAME_KEYSTROKE_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
        return;
      }
      first = Date.now();
      process.stderr.write('miniwhisk: stopping; once more to stop at once\n');
      void server.stop().then(resolve);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });

export const startCommand: CommandModule<object, Flags> = {
  command: ['start', '$0'],
  describe: 'Start the server',
  builder: yargs => addOptions(yargs) as Argv<Flags>,
  handler: async argv => {
    expectShortLives();
    const config = configOf(argv, flagsOf(argv));
    await warnOfVariables(config);
    // Loaded only here: the other commands do without.
    const { startServer } = await import('../server/start.js');
    const server = await startServer(config);
    process.stdout.write(`${banner(server)}\n`);
    if (config.logFormat === 'pretty' && config.logLevel !== 'silent') server.onPull(progressWriter(errorOutput()));
    await stopOnSignals(server);
    process.exit(0);
  },
};
