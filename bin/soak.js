// `npm run soak -- [--minutes N] [--driver docker|process]`: a mixed load at half the maximum, by hand.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { count, driverName, readArguments } from './arguments.js';
import { root, setUp } from './setup.js';

const HELP = `Usage: npm run soak [-- options]

A mixed load at half of what the server can do. Memory, file descriptors and the slowest calls must stay flat.

Options:
  --minutes N       how long (10)
  --driver NAME     docker or process (process)
  --help            this text`;

const { minutes, driver } = readArguments('soak', HELP, { minutes: count(1, '10'), driver: driverName('process') });

setUp();
const env = { ...process.env, SOAK_MINUTES: minutes, SOAK_DRIVER: driver };
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/faults/soak.config.ts'];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1);
