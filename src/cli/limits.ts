import type { Argv, CommandModule } from 'yargs';
import { limitForms, limitMembers, parseLimitMember } from '../entities/limits-schema.js';
import type { NamespaceLimits } from '../entities/types.js';
import { UsageError } from '../errors.js';
import { type Flags, print, withDataDir, withStore } from './data.js';

const members = Object.keys(limitMembers) as (keyof NamespaceLimits)[];

/** The limits that the flags give. Throws `UsageError` for a value that does not fit, and when there is none. */
export const limitsFromFlags = (argv: Flags): NamespaceLimits => {
  const limits: Record<string, unknown> = {};
  for (const name of members) {
    const given = argv[name];
    if (given === undefined) continue;
    const word = Array.isArray(given) ? given.join(' ') : String(given);
    const value = parseLimitMember(name, word);
    if (value === undefined) {
      throw new UsageError(`Bad value for --${name}: expected ${limitForms[limitMembers[name].kind]}, got "${word}".`);
    }
    limits[name] = value;
  }
  if (Object.keys(limits).length === 0) {
    const flags = members.map(name => `--${name}`).join(', ');
    throw new UsageError(`Name a limit to set, such as --invocationsPerMinute 120. There are: ${flags}.`);
  }
  return limits;
};

const setLimits = (argv: Flags): Promise<string> =>
  withStore(argv, ({ subjects }) => {
    const namespace = String(argv['namespace']);
    subjects.putLimits(namespace, { ...subjects.limits(namespace), ...limitsFromFlags(argv) });
    return `Limits successfully set for "${namespace}"`;
  });

const getLimits = (argv: Flags): Promise<string> =>
  withStore(argv, ({ subjects }) => {
    const limits = subjects.limits(String(argv['namespace']));
    if (!limits) return 'No limits found, default system limits apply';
    return Object.entries(limits)
      .map(([name, value]) => `${name} = ${Array.isArray(value) ? value.join(', ') : value}`)
      .join('\n');
  });

const deleteLimits = (argv: Flags): Promise<string> =>
  withStore(argv, ({ subjects }) => {
    const namespace = String(argv['namespace']);
    if (!subjects.deleteLimits(namespace)) throw new UsageError(`Limits not found for "${namespace}"`);
    return 'Limits deleted';
  });

const run =
  (work: (argv: Flags) => Promise<string>) =>
  async (argv: Flags): Promise<void> =>
    print(await work(argv));

const addMembers = (yargs: Argv): Argv => {
  for (const name of members) {
    const { kind, help } = limitMembers[name];
    yargs.option(name, {
      ...(kind === 'kinds' ? { array: true } : {}),
      type: 'string',
      requiresArg: true,
      describe: help,
    });
  }
  return yargs;
};

export const limitsCommand: CommandModule = {
  command: 'limits',
  describe: 'Manage the limits of a namespace',
  builder: yargs =>
    withDataDir(yargs)
      .command('set <namespace>', 'Set limits; those not named stay as they are', y => addMembers(y), run(setLimits))
      .command('get <namespace>', 'Show what is set', {}, run(getLimits))
      .command('delete <namespace>', "Return to the system's defaults", {}, run(deleteLimits))
      .demandCommand(1, 'Name a command: set, get or delete')
      .example('$0 limits set guest --invocationsPerMinute 120', ''),
  handler: () => undefined,
};
