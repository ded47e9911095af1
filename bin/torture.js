// `npm run torture -- [--rounds N] [--driver docker|process] [--seed N]`: kills a loaded server again and again.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.js';

const value = (name, other) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? other : process.argv[at + 1];
};

setUp();
const env = {
  ...process.env,
  TORTURE_ROUNDS: value('rounds', '20'),
  TORTURE_SEED: value('seed', String(Date.now() % 1_000_000)),
};
const driver = value('driver');
if (driver !== undefined) env.TORTURE_DRIVER = driver;
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/vitest.config.ts', 'test/faults/torture.test.ts'];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1);
