import type { Argv, CommandModule } from 'yargs';
import { version } from '../server/package-info.js';
import type { Flags } from './data.js';
import { kubernetesManifest } from './kubernetes-manifest.js';
import { manifestOptions } from './kubernetes-options.js';

const manifestCommand: CommandModule<object, Flags> = {
  command: 'manifest',
  describe: 'Print what kubectl apply needs to run the server in a cluster, functions as pods beside it',
  builder: yargs =>
    yargs
      .option('namespace', {
        type: 'string',
        default: 'miniwhisk',
        requiresArg: true,
        describe: 'Namespace for all of it',
      })
      .option('image', {
        type: 'string',
        default: `miniwhisk/server:${version}`,
        requiresArg: true,
        describe: "The server's image, as npm run server-image builds it",
      })
      .option('ingress', { type: 'string', requiresArg: true, describe: 'Host name for an Ingress [none]' })
      .option('storage', { type: 'string', default: '10Gi', requiresArg: true, describe: 'Size of the volume' })
      .option('pool-memory', {
        type: 'string',
        default: '8192',
        requiresArg: true,
        describe: 'MB that functions may hold together',
      })
      .option('env', {
        type: 'array',
        string: true,
        default: [] as string[],
        describe: 'Further options of the server, as MINIWHISK_NAME=VALUE',
      })
      .example('$0 kubernetes manifest --ingress ow.example | kubectl apply -f -', '') as never,
  handler: async argv => {
    const objects = kubernetesManifest(manifestOptions(argv));
    const { stringify } = await import('yaml');
    process.stdout.write(
      objects.map(object => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'),
    );
  },
};

export const kubernetesCommand: CommandModule<object, Flags> = {
  command: 'kubernetes',
  describe: 'Run the server in a Kubernetes cluster',
  builder: yargs => yargs.command(manifestCommand).demandCommand(1, 'Name a command: manifest') as Argv<Flags>,
  handler: () => {},
};
