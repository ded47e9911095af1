import type { Argv } from 'yargs';
import { fromText, loadProcessConfig } from '../config/load.js';
import { type Config, flagName, type OptionName, options, type Option as ServerOption } from '../config/options.js';
import type { Flags } from './data.js';

const names = Object.keys(options) as OptionName[];

/** Adds options of the one table as flags, and `--config`. Flags reach the schema as they were typed. */
export const withOptions = (yargs: Argv, wanted: readonly OptionName[], group: string): Argv => {
  for (const name of wanted) {
    const option: ServerOption = options[name];
    const described = 'default' in option ? `${option.help} [${String(option.default)}]` : option.help;
    yargs.option(flagName(name), {
      // yargs only tells booleans from the rest.
      type: option.type === 'boolean' ? 'boolean' : 'string',
      describe: described,
      ...(option.enum && { choices: option.enum }),
      requiresArg: option.type !== 'boolean',
      group,
    });
  }
  return yargs
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .option('config', { type: 'string', nargs: 1, describe: 'JSON file with any of these options', group });
};

/** Of a flag that is given twice the last one counts, unless it is a list. */
const flagValue = (name: OptionName, value: unknown): unknown => {
  const words = Array.isArray(value) ? value : [value];
  if (options[name].type === 'array') return words.flatMap(word => fromText(name, String(word)));
  const last: unknown = words.at(-1);
  return typeof last === 'string' ? fromText(name, last) : last;
};

/** What was typed, by the options' own names. */
export const typedOptions = (argv: Flags): Flags => {
  const typed: Flags = {};
  for (const name of names) {
    const value = argv[flagName(name)];
    if (value !== undefined) typed[name] = flagValue(name, value);
  }
  return typed;
};

/** The configuration that flags, environment and the file of `--config` give together. Throws `UsageError`. */
export const configOf = (argv: Flags, typed: Flags = typedOptions(argv)): Config =>
  loadProcessConfig({ flags: typed, file: argv['config'] as string | undefined });
