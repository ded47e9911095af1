import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { environmentValue } from '../config/load.js';
import { UsageError } from '../errors.js';
import type { OpenWhisk } from '../promote/openwhisk.js';
import { accessOf, type Names, withAccess } from './access.js';
import { type Flags, print } from './data.js';

const open = async (argv: Flags, names?: Names): Promise<{ readonly whisk: OpenWhisk; readonly key: string }> => {
  const { OpenWhisk } = await import('../promote/openwhisk.js');
  const access = await accessOf(argv, names);
  return { whisk: await OpenWhisk.open(access), key: access.auth };
};

/** One state file for each target, in the folder from which the command is run. */
const stateFileOf = (argv: Flags, target: OpenWhisk): string => {
  if (argv['state'] !== undefined) return resolve(String(argv['state']));
  const name = `${new URL(target.origin).host}-${target.namespace}`.replaceAll(/[^\w.-]+/g, '_');
  return resolve('.miniwhisk', `promote-${name}.json`);
};

const stateOptions = {
  'dry-run': { type: 'boolean', describe: 'Only show what would change' },
  undo: { type: 'boolean', describe: 'Put back what the last run found' },
  state: {
    type: 'string',
    requiresArg: true,
    describe: 'File for what was there before, secrets included [.miniwhisk/promote-HOST-NAMESPACE.json]',
  },
} as const;

export const importCommand: CommandModule<object, Flags> = {
  command: 'import <dir>',
  describe: 'Bring a project that export wrote, or a wskdeploy manifest, into a namespace',
  builder: yargs =>
    withAccess(yargs)
      .positional('dir', { type: 'string', describe: 'Folder with manifest.yaml' })
      .option('secrets', {
        type: 'string',
        requiresArg: true,
        describe: 'File with the values of secrets, NAME=value a line [the environment]',
      })
      .options(stateOptions)
      .example(
        '$0 import shop --secrets shop.env',
        'into the guest namespace of the server that holds ~/.miniwhisk',
      ) as never,
  handler: async argv => {
    const { readFolder, readSecrets } = await import('../promote/folder.js');
    const { promote, undo } = await import('../promote/promote.js');
    const { whisk: target, key } = await open(argv);
    const common = {
      target,
      dryRun: argv['dryRun'] === true,
      stateFile: stateFileOf(argv, target),
      tell: print,
      keys: [key],
    };
    if (argv['undo'] === true) {
      await undo(common);
      return;
    }
    const secrets = argv['secrets'] === undefined ? {} : readSecrets(resolve(String(argv['secrets'])));
    const project = readFolder(resolve(String(argv['dir'])), name => secrets[name] ?? environmentValue(name));
    await promote({ ...common, project });
  },
};

export const promoteCommand: CommandModule<object, Flags> = {
  command: 'promote',
  describe: 'Bring a namespace to any other OpenWhisk, by its public API',
  builder: yargs =>
    withAccess(yargs)
      .option('to', { type: 'string', requiresArg: true, demandOption: true, describe: 'The OpenWhisk to bring it to' })
      .option('auth', {
        type: 'string',
        requiresArg: true,
        describe: 'Key of the namespace there, or @FILE that holds it',
      })
      .option('from-auth', { type: 'string', requiresArg: true, describe: 'Key of the namespace to bring, or @FILE' })
      .options(stateOptions)
      .example('$0 promote --to https://ow.example --auth @key --dry-run', 'what would change there')
      .example('$0 promote --to https://ow.example --auth @key', 'do it; the same again goes on where it was cut off')
      .example('$0 promote --to https://ow.example --auth @key --undo', 'take it back') as never,
  handler: async argv => {
    const { promote, undo } = await import('../promote/promote.js');
    const { readProject } = await import('../promote/snapshot.js');
    if (typeof argv['auth'] !== 'string') throw new UsageError('Give the key of the namespace there with --auth.');
    const to = { apihost: argv['to'], auth: argv['auth'], flags: { apihost: '--to', auth: '--auth' } };
    const { whisk: target, key } = await open(argv, to);
    const common = {
      target,
      dryRun: argv['dryRun'] === true,
      stateFile: stateFileOf(argv, target),
      tell: print,
    };
    if (argv['undo'] === true) {
      await undo({ ...common, keys: [key] });
      return;
    }
    const source = await open(argv, {
      apihost: argv['apihost'],
      auth: argv['fromAuth'],
      namespace: argv['namespace'],
      flags: { apihost: '--apihost', auth: '--from-auth' },
    });
    const { project, warnings } = await readProject(source.whisk);
    // A part that could not be read would look as if it were not there.
    if (warnings.length > 0) throw new UsageError(`Not everything could be read: ${warnings.join('; ')}`);
    await promote({ ...common, project, keys: [key, source.key] });
  },
};
