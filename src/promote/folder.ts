import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { parse, stringify } from 'yaml';
import { errorText, UsageError } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { inOrder, type Project } from './entity.js';
import { readManifest, writeManifest } from './manifest.js';
import { putSecrets, type Referenced, type Values } from './secrets.js';

const MANIFEST = 'manifest.yaml';
const REST = 'miniwhisk.yaml';
const EXAMPLE = 'secrets.env.example';

const REST_HEAD = ` What manifest.yaml has no place for. wskdeploy does not read it; miniwhisk import does.
 entities: members that count instead of the manifest's; literals: values that hold a $, which are no secrets.`;

const quoted = (value: Json): string => JSON.stringify(value);

const envLines = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');

const write = (file: string, data: string | Buffer, mode = 0o644): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, data, { mode });
};

/** A path of the manifest's, which must not lead out of its folder. Throws `UsageError`. */
const inside = (folder: string, path: string): string => {
  const file = normalize(join(folder, path));
  if (!file.startsWith(normalize(folder + sep)))
    throw new UsageError(`'${path}' in ${MANIFEST} leads out of its folder.`);
  return file;
};

/** Writes a project; what an earlier export wrote there is replaced. `secretsFile`: where values of secrets go, if at all. */
export const writeFolder = (
  folder: string,
  name: string,
  { project, secrets, literals }: Referenced,
  secretsFile?: string,
): void => {
  const { manifest, rest, files } = writeManifest(name, project);
  if (existsSync(join(folder, MANIFEST))) rmSync(join(folder, 'actions'), { recursive: true, force: true });
  for (const [path, data] of files) write(inside(folder, path), data);
  write(join(folder, MANIFEST), stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false }));
  for (const [file, content] of [
    [REST, restText(rest, literals)],
    [
      EXAMPLE,
      Object.keys(secrets)
        .map(secret => `${secret}=\n`)
        .join(''),
    ],
  ] as const) {
    if (content === '') rmSync(join(folder, file), { force: true });
    else write(join(folder, file), content);
  }
  if (secretsFile === undefined) return;
  rmSync(secretsFile, { force: true });
  write(secretsFile, envLines(secrets), 0o600);
};

const restText = (rest: JsonObject, literals: Values): string => {
  if (Object.keys(rest).length === 0 && Object.keys(literals).length === 0) return '';
  const body = stringify({ entities: rest, literals }, { lineWidth: 0, aliasDuplicateObjects: false });
  return `${REST_HEAD.split('\n')
    .map(line => `#${line}`)
    .join('\n')}\n${body}`;
};

const readYaml = (file: string): JsonObject => {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: 100 });
    if (!isObject(value)) throw new Error('expected a map');
    return value;
  } catch (error) {
    throw new UsageError(`'${file}' cannot be read: ${errorText(error)}`);
  }
};

/** `NAME=value` a line; a value may be JSON, or a plain text. Throws `UsageError`. */
export const readSecrets = (file: string): Values => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The secrets cannot be read: ${errorText(error)}`);
  }
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map(line => {
      const at = line.indexOf('=');
      if (at < 1) throw new UsageError(`'${file}' has a line that is not NAME=value.`);
      return [line.slice(0, at).trim(), parsedValue(line.slice(at + 1))];
    }),
  );
};

/** A quoted text or a number, as they were written; else the text as it is. */
const parsedValue = (word: string): Json => {
  try {
    const value: unknown = JSON.parse(word);
    return typeof value === 'string' || typeof value === 'number' ? value : word;
  } catch {
    return word;
  }
};

/** Reads a project; `secret` knows the values of secrets. Throws `UsageError`, also when one is missing. */
export const readFolder = (folder: string, secret: (name: string) => Json | undefined): Project => {
  const file = [MANIFEST, 'manifest.yml'].find(name => existsSync(join(folder, name)));
  if (file === undefined) throw new UsageError(`There is no ${MANIFEST} in '${folder}'.`);
  const beside = existsSync(join(folder, REST)) ? readYaml(join(folder, REST)) : {};
  const [rest, literals] = [beside['entities'], beside['literals']].map(part => (isObject(part) ? part : {})) as [
    JsonObject,
    JsonObject,
  ];
  const entities = readManifest(readYaml(join(folder, file)), rest, path => {
    try {
      return readFileSync(inside(folder, path));
    } catch (error) {
      throw error instanceof UsageError ? error : new UsageError(`Code cannot be read: ${errorText(error)}`);
    }
  });
  const { project, missing } = putSecrets(entities, name => secret(name) ?? literals[name]);
  if (missing.length > 0)
    throw new UsageError(
      `${missing.length} secrets have no value: ${missing.join(', ')}. Set them in the environment, or name a file with --secrets.`,
    );
  return inOrder(project);
};
