import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../package-root.js';

const file = join(packageRoot, 'package.json');

/** miniwhisk's own version. */
export const version: string = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;

/** When this build was made, as `wsk property get --apibuild` shows it. */
export const build = {
  date: statSync(fileURLToPath(import.meta.url)).mtime.toISOString(),
  number: version,
};
