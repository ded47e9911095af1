import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorText, UsageError } from '../errors.js';
import { isObject } from '../json.js';
import { checkerOf, type SchemaError } from '../schema.js';
import { limitMember, limitOption } from './limit-options.js';
import { type Config, environmentName, flagName, type Option, type OptionName, options } from './options.js';
import { misspelt } from './variables.js';

/** What each option may be. Compiled one by one, as they are given: all of them take a tenth of a start. */
export const optionSchemas: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries<Option>(options).map(([name, { help: _help, form: _form, ...schema }]) => [name, schema]),
);

type Values = Partial<Record<string, unknown>>;

/** A word from the environment as the option's type; a word that does not fit is left for the schema to refuse. */
export const fromText = (name: OptionName, text: string): unknown => {
  const { type } = options[name];
  if (type === 'boolean') {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    if (/^(0|false|no|off|)$/i.test(text)) return false;
    return text;
  }
  if (type === 'integer' || type === 'number')
    return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'array') return text.split(',').map(word => word.trim());
  return text;
};

const fromEnvironment = (env: NodeJS.ProcessEnv): Values => {
  const values: Values = {};
  for (const name of Object.keys(options) as OptionName[]) {
    const text = env[environmentName(name)];
    if (text !== undefined) values[name] = fromText(name, text);
  }
  if (values['dockerHost'] === undefined && env['DOCKER_HOST']) values['dockerHost'] = env['DOCKER_HOST'];
  return values;
};

/** `limits` of a config file may be an object of single limits: each becomes the option it is as a flag. */
const withLimits = ({ limits, ...values }: Values): Values => {
  if (limits === undefined) return values;
  if (!isObject(limits)) return { ...values, limits };
  return Object.assign(values, ...Object.entries(limits).map(([member, value]) => ({ [limitOption(member)]: value })));
};

const fromFile = (file: string): Values => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Config file '${file}' cannot be read: ${errorText(error)}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('expected a JSON object');
    return withLimits(value as Values);
  } catch (error) {
    throw new UsageError(`Config file '${file}' is not valid: ${errorText(error)}`);
  }
};

const describe = (name: string, source: string): string => {
  if (source === 'flag') return `--${flagName(name)}`;
  return source === 'environment' ? environmentName(name) : `'${limitMember(name)}' in ${source}`;
};

const expected = (name: OptionName, error: SchemaError): string => {
  const schema = error.parentSchema as { enum?: string[]; type?: string; minimum?: number; maximum?: number };
  const { form } = options[name] as Option;
  if (form !== undefined) return form;
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const range = [
    schema.minimum === undefined ? '' : `from ${schema.minimum}`,
    schema.maximum === undefined ? '' : `to ${schema.maximum}`,
  ].filter(Boolean);
  return [schema.type === 'integer' ? 'a whole number' : `a ${schema.type ?? 'value'}`, ...range].join(' ');
};

const validate = (values: Values, source: string): void => {
  for (const [name, value] of Object.entries(values)) {
    const schema = Object.hasOwn(optionSchemas, name) ? optionSchemas[name] : undefined;
    if (schema === undefined)
      throw new UsageError(
        `Unknown option ${describe(name, source)}. Known options: ${Object.keys(options).join(', ')}.`,
      );
    const check = checkerOf(schema);
    if (check(value)) continue;
    const error = check.errors?.[0] as SchemaError;
    throw new UsageError(
      `Bad value for ${describe(name, source)}: expected ${expected(name as OptionName, error)}, got ${JSON.stringify(error.data)}.`,
    );
  }
};

const defined = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined));

export interface Sources {
  /** What flags (or the programmatic caller) gave; undefined members count as absent. */
  readonly flags?: Values;
  readonly file?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** What has been checked already, frozen since: the command line hands its configuration on to `startServer`. */
const loaded = new WeakSet<object>();

/** Flags over environment over file over defaults, each source checked by itself. Throws `UsageError`. */
export const loadConfig = ({ flags = {}, file, env = {} }: Sources): Config => {
  if (loaded.has(flags)) return flags as Config;
  const defaults = Object.fromEntries(
    Object.entries(options).flatMap(([name, o]) => ('default' in o ? [[name, o.default]] : [])),
  );
  const layers: [Values, string][] = [
    [file === undefined ? {} : fromFile(file), `config file '${file}'`],
    [fromEnvironment(env), 'environment'],
    [defined(flags), 'flag'],
  ];
  for (const [values, source] of layers) validate(values, source);
  const config = Object.freeze(Object.assign({}, defaults, ...layers.map(([values]) => values))) as Config;
  loaded.add(config);
  return config;
};

/** The command line's way: the process's own environment. This file is the only one that reads it. */
export const loadProcessConfig = (sources: Omit<Sources, 'env'>): Config =>
  loadConfig({ ...sources, env: process.env });

/** Warnings of the process's variables that look like options, misspelt. Others with the prefix are somebody's own. */
export const misspeltVariables = (): string[] =>
  Object.keys(process.env).flatMap(name => {
    const meant = misspelt(name)?.meant;
    return meant === undefined ? [] : [`There is no option ${name}: it is ignored. Did you mean ${meant}?`];
  });

/** For drivers, which hand a chosen few of these to the programs they start. */
export const processEnvironment = (): Readonly<Record<string, string | undefined>> => process.env;

/** A variable that the user's own project names, such as a secret of `miniwhisk import`. */
export const environmentValue = (name: string): string | undefined => process.env[name];

/** Folder of the docker command line's own settings: the user's credentials for registries are in it. */
export const dockerConfigFolder = (): string => process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');

/** Where the engine's TLS files are, as the docker command line has it. */
export const dockerCertificates = (): string | undefined =>
  process.env['DOCKER_TLS_VERIFY'] ? process.env['DOCKER_CERT_PATH'] : undefined;

/** A secret given as itself or as `@FILE`. Throws `UsageError`. */
export const secretOf = (name: OptionName, given: string | undefined): string | undefined => {
  if (!given?.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8').trim();
  } catch (error) {
    throw new UsageError(`The file of --${flagName(name)} cannot be read: ${errorText(error)}`);
  }
};

/** The environment's say on colour (https://no-color.org). */
export const colorWanted = (tty: boolean | undefined): boolean => tty === true && !process.env['NO_COLOR'];
