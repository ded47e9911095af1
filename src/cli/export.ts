import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { accessOf, withAccess } from './access.js';
import { type Flags, print } from './data.js';

export const exportCommand: CommandModule<object, Flags> = {
  command: 'export <dir>',
  describe: 'Write a namespace as a wskdeploy project: manifest.yaml, and the code of its actions',
  builder: yargs =>
    withAccess(yargs)
      .positional('dir', { type: 'string', describe: 'Folder for the project' })
      .option('secret', { type: 'array', string: true, describe: 'Name of a further parameter that is a secret' })
      .option('secrets', {
        type: 'string',
        requiresArg: true,
        describe: 'File for the values of secrets, for its owner alone [they are not written]',
      })
      .example('$0 export shop', 'the guest namespace of the server that holds ~/.miniwhisk')
      .example('$0 export shop --apihost https://ow.example --auth @key', 'a namespace of any OpenWhisk') as never,
  handler: async argv => {
    const { OpenWhisk } = await import('../promote/openwhisk.js');
    const { readProject } = await import('../promote/snapshot.js');
    const { takeSecrets } = await import('../promote/secrets.js');
    const { writeFolder } = await import('../promote/folder.js');
    const whisk = await OpenWhisk.open(await accessOf(argv));
    const { project, warnings } = await readProject(whisk);
    const referenced = takeSecrets(project, (argv['secret'] as string[] | undefined) ?? []);
    const file = argv['secrets'] === undefined ? undefined : resolve(String(argv['secrets']));
    const dir = resolve(String(argv['dir']));
    writeFolder(dir, whisk.namespace, referenced, file);
    for (const warning of warnings) print(`! ${warning}`);
    const secrets = Object.keys(referenced.secrets).length;
    const where = file === undefined ? 'left out: secrets.env.example names them' : `in ${file}`;
    print(
      `${project.length} entities of ${whisk.namespace} written to ${dir}${secrets > 0 ? `; ${secrets} secrets ${where}` : ''}`,
    );
  },
};
