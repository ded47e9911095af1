import { nearest } from '../nearest.js';

/** What is needed of the help of the command that a fault is about. */
interface Command {
  /** Such as `miniwhisk user create`. */
  readonly path: string;
  /** As they are written: `<file>`. */
  readonly positionals: readonly string[];
  readonly commands: readonly string[];
  /** Without their dashes. */
  readonly options: readonly string[];
}

const readHelp = (help: string): Command => {
  const lines = help.split('\n');
  const [usage = ''] = lines;
  const path = /^\S+( [a-z]+)*/.exec(usage)?.[0] ?? '';
  const begin = `  ${path} `;
  return {
    path,
    positionals: usage.match(/<[^>]+>/g) ?? [],
    commands: lines
      .slice(lines.indexOf('Commands:') + 1, lines.indexOf('', lines.indexOf('Commands:')))
      .flatMap(line => (line.startsWith(begin) ? (/^[a-z]+/.exec(line.slice(begin.length)) ?? []) : [])),
    options: lines
      .filter(line => /^ +-/.test(line))
      .flatMap(
        line =>
          line
            .trim()
            .split(/ {2,}/)[0]
            ?.match(/--[\w-]*\w/g) ?? [],
      )
      .map(flag => flag.slice(2)),
  };
};

/** The dashes, and perhaps `no-`, that an option was typed with; undefined when it was not. */
const prefixOf = (name: string, argv: readonly string[]): string | undefined =>
  ['--', '--no-', '-'].find(prefix => argv.some(word => word.split('=')[0] === prefix + name));

const didYouMean = (found: readonly (string | undefined)[]): string => {
  const meant = found.filter(word => word !== undefined);
  return meant.length === 0 ? '' : ` Did you mean ${meant.join(', ')}?`;
};

/** yargs names an option twice when it has several words, the second time in camel case, which nobody typed. */
const unknown = (names: readonly string[], { commands, options }: Command, argv: readonly string[]): string => {
  const flags = names.flatMap(name => {
    const prefix = prefixOf(name, argv);
    if (prefix === undefined) return [];
    const meant = nearest(name, options);
    return [{ typed: prefix + name, meant: meant === undefined ? undefined : prefix.padEnd(2, '-') + meant }];
  });
  const [word, ...words] = names.filter(name => prefixOf(name, argv) === undefined && argv.includes(name));
  // What follows an unknown command is unknown for that.
  if (word !== undefined && commands.length > 0)
    return `Unknown command ${word}.${didYouMean([nearest(word, commands)])}`;
  const all = [...flags.map(({ typed }) => typed), ...(word === undefined ? [] : [word, ...words])];
  if (all.length === 0) return `Unknown: ${names.join(', ')}.`;
  return `Unknown: ${all.join(', ')}.${didYouMean(flags.map(({ meant }) => meant))}`;
};

const listed = (names: string): string[] => names.split(', ');

const CHOICES = /^Invalid values:\s+Argument: (.+?), Given: (.+?), Choices: (.+)$/m;

const translate = (message: string, command: Command, argv: readonly string[]): string => {
  const [, got] = /^Not enough non-option arguments: got (\d+)/.exec(message) ?? [];
  if (got !== undefined) return `Missing: ${command.positionals.slice(Number(got)).join(' ')}.`;
  const [, required] = /^Missing required arguments?: (.+)$/.exec(message) ?? [];
  if (required !== undefined) return `Missing: --${listed(required).join(', --')}.`;
  const [, names] = /^Unknown arguments?: (.+)$/.exec(message) ?? [];
  if (names !== undefined) return unknown(listed(names), command, argv);
  const [, bare] = /^Not enough arguments following: (.+)$/.exec(message) ?? [];
  if (bare !== undefined) return `${bare.length === 1 ? '-' : '--'}${bare} needs a value.`;
  const [, name = '', given, choices] = CHOICES.exec(message) ?? [];
  if (choices !== undefined) {
    const positional = command.positionals.find(one => one === `<${name}>`);
    return `Bad value for ${positional ?? `--${name}`}: expected one of ${choices.replaceAll('"', '')}, got ${given}.`;
  }
  return `${message.replace(/\s*\n\s*/g, ' ')}.`;
};

/** What yargs found wrong in the words typed, as one line that tells what is expected. `help` is that of the command. */
export const usageFault = (message: string, help: string, argv: readonly string[]): string => {
  const command = readHelp(help);
  return `${translate(message, command, argv)} See ${command.path} --help.`;
};
