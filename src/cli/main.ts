import { hideBin } from 'yargs/helpers';
import yargs from 'yargs/yargs';
import { UsageError } from '../errors.js';
import { version } from '../server/package-info.js';
import { backupCommand } from './backup.js';
import { allowClosedOutput } from './closed-output.js';
import { doctorCommand } from './doctor.js';
import { exportCommand } from './export.js';
import { imagesCommand } from './images.js';
import { kubernetesCommand } from './kubernetes.js';
import { limitsCommand } from './limits.js';
import { importCommand, promoteCommand } from './promote.js';
import { restoreCommand } from './restore.js';
import { sdkCommand } from './sdk.js';
import { startCommand } from './start.js';
import { usageFault } from './usage-fault.js';
import { userCommand } from './user.js';

const fail = (message: string): never => {
  process.stderr.write(`miniwhisk: ${message}\n`);
  process.exit(1);
};

/**
 * yargs lays out the whole help of a command that is named, each time it runs one, and not that of the default command:
 * with the options of `start` that is a tenth of the time to ready.
 */
const named = (argv: readonly string[]): readonly string[] =>
  argv[0] === 'start' && !argv.some(word => word === '--help' || word === '-h') ? argv.slice(1) : argv;

/** yargs completes the options of commands that are named, and nothing of the default command's. */
const completing = (argv: readonly string[]): readonly string[] => {
  const [request = '', program = '', ...words] = argv;
  const optionIs = (place: number): boolean => words.at(place)?.startsWith('-') === true;
  if (request !== '--get-yargs-completions' || !optionIs(0) || !(optionIs(-1) || optionIs(-2))) return argv;
  return [request, program, 'start', ...words];
};

/** Runs the command line. Every fault of the user's is one line on standard error and exit code 1. */
export const main = async (argv: readonly string[] = hideBin(process.argv)): Promise<void> => {
  allowClosedOutput();
  const cli = yargs()
    .scriptName('miniwhisk')
    .usage('$0 [command]\n\nA whole Apache OpenWhisk in one process.')
    .command(startCommand)
    .command(userCommand)
    .command(limitsCommand)
    .command(backupCommand)
    .command(restoreCommand)
    .command(imagesCommand)
    .command(doctorCommand)
    .command(sdkCommand)
    .command(exportCommand)
    .command(importCommand)
    .command(promoteCommand)
    .command(kubernetesCommand)
    .completion('completion', 'Print a completion script for bash or zsh')
    .version(version)
    .alias('h', 'help')
    .alias('V', 'version')
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': false })
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .fail((message, error, usage) => {
      // Its own faults, such as a flag without its value, come as errors with a message.
      if (error && error.name !== 'YError') throw error;
      const { help } = usage as unknown as { readonly help: () => string };
      throw new UsageError(usageFault(message ?? error.message, help(), argv));
    });
  try {
    await cli.parseAsync([...completing(named(argv))]);
  } catch (error) {
    if (error instanceof UsageError) fail(error.message);
    throw error;
  }
};
