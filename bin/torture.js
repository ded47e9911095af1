// `npm run torture -- [--rounds N] [--driver docker|process] [--seed N]`: kills a loaded server again and again.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { count, driverName, readArguments } from './arguments.js';
import { root, setUp } from './setup.js';

const HELP = `Usage: npm run torture [-- options]

Kills a loaded server at random instants, again and again on the same data, and checks that everything it had accepted has
exactly one record, and that no container or process is left. The tests run the same, shorter.

Options:
  --rounds N        how often to start and kill (20)
  --driver NAME     docker or process (both, one after the other)
  --seed N          for the random numbers, to have the same run again (another one each time)
  --help            this text`;

const { rounds, seed, driver } = readArguments('torture', HELP, {
  rounds: count(1, '20'),
  seed: count(0, String(Date.now() % 1_000_000)),
  driver: driverName(),
});

setUp();
const env = { ...process.env, TORTURE_ROUNDS: rounds, TORTURE_SEED: seed };
if (driver !== undefined) env.TORTURE_DRIVER = driver;
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--config', 'test/vitest.config.ts', 'test/faults/torture.test.ts'];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1);
