import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { systemClock } from '../clock.js';
import { loadProcessConfig } from '../config/load.js';
import { restore } from '../store/backup.js';
import { type Flags, print, withDataDir } from './data.js';

export const restoreCommand: CommandModule<object, Flags> = {
  command: 'restore <file>',
  describe: 'Put a backup in the place of what the data dir holds; the server must be stopped',
  builder: yargs =>
    withDataDir(yargs)
      .positional('file', { type: 'string', describe: 'What `miniwhisk backup` wrote' })
      .example('$0 restore monday.db', 'what was there before is kept beside it') as never,
  handler: argv => {
    const { dataDir } = loadProcessConfig({ flags: { dataDir: argv['data-dir'] ?? argv['dataDir'] } });
    const { previous } = restore(dataDir, resolve(String(argv['file'])), systemClock.now());
    print(`Restored ${dataDir}`);
    if (previous !== undefined) print(`What was there before is kept as ${previous}`);
  },
};
