import { existsSync, readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { loadProcessConfig } from '../config/load.js';
import { errorText, UsageError } from '../errors.js';
import type { Access } from '../promote/openwhisk.js';
import { type Flags, withDataDir, withStore } from './data.js';

const DEFAULT_NAMESPACE = 'guest';

/** Adds the flags that name a namespace of a running server: by its key, or by its name in a data dir. */
export const withAccess = (yargs: Argv): Argv =>
  withDataDir(yargs)
    .option('apihost', {
      type: 'string',
      requiresArg: true,
      describe: 'The OpenWhisk [the server on this machine, at MINIWHISK_PORT or 3233]',
    })
    .option('auth', {
      type: 'string',
      requiresArg: true,
      describe: 'Key of the namespace, or @FILE that holds it [looked up in the data dir]',
    })
    .option('namespace', {
      type: 'string',
      requiresArg: true,
      describe: `Namespace of the data dir [${DEFAULT_NAMESPACE}]`,
    });

/** A key given as itself or as `@FILE`. Throws `UsageError`. */
const keyOf = (given: string): string => {
  if (!given.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8').trim();
  } catch (error) {
    throw new UsageError(`The file of --auth cannot be read: ${errorText(error)}`);
  }
};

const keyFromData = (argv: Flags, namespace: string): Promise<string> =>
  withStore(argv, store => {
    const identity = store.subjects.owner(namespace)?.namespace;
    if (identity === undefined) throw new UsageError(`There is no namespace '${namespace}' in the data dir.`);
    return `${identity.uuid}:${identity.key}`;
  });

export interface Names {
  readonly apihost?: unknown;
  readonly auth?: unknown;
  readonly namespace?: unknown;
  /** As `Access.flags`. */
  readonly flags?: NonNullable<Access['flags']>;
}

const FLAGS = { apihost: '--apihost', auth: '--auth' };

/** Where to go and with which key. Throws `UsageError`. */
export const accessOf = async (argv: Flags, names: Names = argv): Promise<Access> => {
  const config = loadProcessConfig({ flags: { dataDir: argv['dataDir'] } });
  const { apihost = `http://127.0.0.1:${config.port}`, auth, namespace, flags = FLAGS } = names;
  if (typeof auth === 'string') return { apihost: String(apihost), auth: keyOf(auth), flags };
  if (!existsSync(config.dataDir)) throw new UsageError('Whose namespace? Give its key with --auth.');
  return { apihost: String(apihost), auth: await keyFromData(argv, String(namespace ?? DEFAULT_NAMESPACE)), flags };
};
