import { existsSync } from 'node:fs';
import type { Argv } from 'yargs';
import { systemClock } from '../clock.js';
import { loadProcessConfig } from '../config/load.js';
import { UsageError } from '../errors.js';
import { silentLogger } from '../log.js';
import { openStore } from '../store/sqlite.js';
import type { Store } from '../store/store.js';

/** What yargs parsed. */
export type Flags = Record<string, unknown>;

/** Adds `--data-dir`, which every command that works on stored data takes. */
export const withDataDir = (yargs: Argv, what = "The server's data dir, running or not"): Argv =>
  yargs.option('data-dir', {
    type: 'string',
    requiresArg: true,
    describe: `${what} [MINIWHISK_DATA_DIR, else ~/.miniwhisk]`,
  });

/** The data dir that a command means. Throws `UsageError` when it is not there. */
const dataDirOf = (argv: Flags): string => {
  const { dataDir } = loadProcessConfig({ flags: { dataDir: argv['dataDir'] } });
  if (!existsSync(dataDir)) {
    throw new UsageError(`There is no data dir ${dataDir}. Start a server once, or name another with --data-dir.`);
  }
  return dataDir;
};

/** Opens the store beside a server that may be running, does the work, closes it. */
export const withStore = async <T>(argv: Flags, work: (store: Store) => T | Promise<T>): Promise<T> => {
  const store = await openStore({ dir: dataDirOf(argv), clock: systemClock, log: silentLogger(), exclusive: false });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
};

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
