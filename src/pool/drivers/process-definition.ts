import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorText } from '../../errors.js';

/** How a language's proxy is started without Docker: `runtimes/<language>/process.json` (runtimes/README.md). */
export interface ProcessDefinition {
  /** The folder that holds the file. */
  readonly folder: string;
  readonly families: readonly string[];
  readonly candidates: readonly (readonly string[])[];
  readonly probe: readonly string[];
  readonly version: RegExp;
  readonly minimum: readonly number[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
}

/** The numbers a kind or version names: `nodejs:20` → [20], `3.11.7` → [3, 11, 7]. */
export const versionNumbers = (version: string): number[] => version.match(/\d+/g)?.map(Number) ?? [];

/** `python:3.11` → family `python`, version `3.11` (empty when the kind names no number). */
export const splitKind = (kind: string): { readonly family: string; readonly version: string } => {
  const colon = kind.indexOf(':');
  const rest = colon === -1 ? '' : kind.slice(colon + 1);
  return { family: colon === -1 ? kind : kind.slice(0, colon), version: /^\d/.test(rest) ? rest : '' };
};

const parse = (folder: string, text: string): ProcessDefinition => {
  const raw = JSON.parse(text) as Record<string, unknown>;
  for (const key of ['families', 'candidates', 'probe', 'command']) {
    if (!Array.isArray(raw[key])) throw new Error(`'${key}' must be an array`);
  }
  return {
    ...(raw as unknown as ProcessDefinition),
    folder,
    version: new RegExp(raw['version'] as string),
    minimum: versionNumbers(String(raw['minimum'] ?? '0')),
    env: (raw['env'] ?? {}) as Record<string, string>,
  };
};

/** All definitions below `root`, by family. A folder without `process.json` has none. */
export const readDefinitions = async (root: string): Promise<Map<string, ProcessDefinition>> => {
  const found = new Map<string, ProcessDefinition>();
  const folders = (await readdir(root, { withFileTypes: true })).filter(entry => entry.isDirectory());
  await Promise.all(
    folders.map(async ({ name }) => {
      const folder = join(root, name);
      const file = join(folder, 'process.json');
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      if (text === undefined) return;
      try {
        const definition = parse(folder, text);
        for (const family of definition.families) found.set(family, definition);
      } catch (error) {
        throw new Error(`${file} is not valid: ${errorText(error)}`);
      }
    }),
  );
  return found;
};

/** The candidates for a kind's version, without those that come to the same. */
export const candidatesFor = (definition: ProcessDefinition, version: string): string[][] => {
  const major = String(versionNumbers(version)[0] ?? '');
  const seen = new Set<string>();
  return definition.candidates
    .map(prefix =>
      prefix.map(word =>
        word.replaceAll('{version}', version).replaceAll('{major}', major).replaceAll('{node}', process.execPath),
      ),
    )
    .filter(prefix => {
      const key = prefix.join('\0');
      return !seen.has(key) && seen.add(key);
    });
};

/** Program, arguments and added environment for one container. `memory` in MB. */
export const expandCommand = (
  definition: ProcessDefinition,
  tool: readonly string[],
  version: string,
  memory: number,
): { readonly program: string; readonly args: readonly string[]; readonly env: Record<string, string> } => {
  const path = (word: string): string => (/^\.\.?\//.test(word) ? resolve(definition.folder, word) : word);
  const words = definition.command.flatMap(word =>
    word === '{tool}'
      ? tool
      : [path(word.replaceAll('{node}', process.execPath).replaceAll('{memory}', String(memory)))],
  );
  const major = String(versionNumbers(version)[0] ?? '');
  const env = Object.fromEntries(
    Object.entries(definition.env).map(([name, value]) => [
      name,
      path(
        value
          .replaceAll('{tool}', tool[0] ?? '')
          .replaceAll('{version}', version)
          .replaceAll('{major}', major),
      ),
    ]),
  );
  const [program = '', ...args] = words;
  return { program, args, env };
};
