import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const find = (folder: string): string => {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}.`);
  return find(parent);
};

/** The folder of miniwhisk's package.json, whether this runs from src, from dist or from the bundle. */
export const packageRoot: string = find(dirname(fileURLToPath(import.meta.url)));
