// `npm run soak -- [--minutes N] [--driver docker|process]`: a mixed load at half the maximum, by hand.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.js';

const value = (name, other) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? other : process.argv[at + 1];
};

setUp();
const env = { ...process.env, SOAK_MINUTES: value('minutes', '10'), SOAK_DRIVER: value('driver', 'process') };
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/faults/soak.config.ts'];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1);
