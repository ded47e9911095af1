import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { errorText, UsageError } from '../errors.js';
import { type Kit, kitFiles, kits } from '../server/sdk.js';
import { type Flags, print } from './data.js';

const NEXT: Readonly<Record<Kit, string>> = {
  docker: 'make image',
  actionloop: 'make image test',
};

const isEmpty = (folder: string): boolean => {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw new UsageError(`'${folder}' cannot be used: ${errorText(error)}`);
  }
};

export const sdkCommand: CommandModule<object, Flags> = {
  command: 'sdk <kit> <dir>',
  describe: 'Write out a kit: docker for actions in images, actionloop for a language of your own',
  builder: yargs =>
    yargs
      .positional('kit', { choices: kits, describe: 'What for' })
      .positional('dir', { type: 'string', describe: 'Folder that is made; must be empty when it is there' })
      .example('$0 sdk docker hello && make -C hello image', 'an action in C, Go or Bash in an image of its own')
      .example('$0 sdk actionloop perl && make -C perl image test', 'a new kind, with Perl as the example') as never,
  handler: argv => {
    const kit = argv['kit'] as Kit;
    const folder = resolve(String(argv['dir']));
    if (!isEmpty(folder)) throw new UsageError(`The folder '${folder}' is not empty. Name another one.`);
    const files = kitFiles(kit);
    for (const { path, data, executable } of files) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, data, { mode: executable ? 0o755 : 0o644 });
    }
    print(`Wrote ${files.length} files to ${folder}. Begin with ${join(folder, 'README.md')}; then: ${NEXT[kit]}`);
  },
};
