import type { Argv, CommandModule } from 'yargs';
import { UsageError } from '../errors.js';
import { version } from '../server/package-info.js';
import type { Flags } from './data.js';
import { kubernetesManifest } from './kubernetes-manifest.js';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const variablesOf = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=');
      if (at < 1) throw new UsageError(`Bad value for --env: expected NAME=VALUE, got ${JSON.stringify(word)}.`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );

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
        type: 'number',
        default: 8192,
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
    const namespace = String(argv['namespace']);
    if (!LABEL.test(namespace)) throw new UsageError(`'${namespace}' is no name of a namespace.`);
    const { stringify } = await import('yaml');
    const objects = kubernetesManifest({
      namespace,
      image: String(argv['image']),
      ingress: argv['ingress'] as string | undefined,
      storage: String(argv['storage']),
      poolMemory: Number(argv['poolMemory']),
      env: variablesOf(argv['env'] as string[]),
    });
    process.stdout.write(
      objects.map(object => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'),
    );
  },
};

export const kubernetesCommand: CommandModule<object, Flags> = {
  command: 'kubernetes',
  describe: 'Run the server in a Kubernetes cluster',
  builder: yargs => yargs.command(manifestCommand).demandCommand(1, 'What about it? manifest') as Argv<Flags>,
  handler: () => {},
};
