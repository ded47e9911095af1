import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { type Flags, print, withDataDir, withStore } from './data.js';

export const backupCommand: CommandModule<object, Flags> = {
  command: 'backup <file>',
  describe: 'Copy everything the server keeps into one file, while it runs',
  builder: yargs =>
    withDataDir(yargs)
      .positional('file', { type: 'string', describe: 'The copy; must not exist yet' })
      .example('$0 backup monday.db', 'a consistent copy, running server or not') as never,
  handler: async argv => {
    const file = resolve(String(argv['file']));
    await withStore(argv, store => store.backup(file));
    print(`Backup written to ${file}`);
  },
};
