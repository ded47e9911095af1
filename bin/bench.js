// `npm run bench -- [case …]`: sets the checkout up if need be, then runs the benchmarks that are named, or all.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.js';

setUp();
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const status =
  node(tsc, '-p', join('test', 'bench')) || node(join('dist', 'bench', 'main.js'), ...process.argv.slice(2));
process.exit(status);
