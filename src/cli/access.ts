import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { environmentValue, loadProcessConfig } from '../config/load.js';
import { errorText, UsageError } from '../errors.js';
import type { Access } from '../promote/openwhisk.js';
import { originOf, serverId } from '../promote/origin.js';
import { findServer, type ServerAddress } from '../store/address.js';
import { type Flags, withDataDir, withStore } from './data.js';

const DEFAULT_NAMESPACE = 'guest';
const APIHOST = 'MINIWHISK_APIHOST';
const FLAGS = { apihost: '--apihost', auth: '--auth' };

/** Adds the flags that name a namespace of a running server: by its key, or by its name in that server's data dir. */
export const withAccess = (yargs: Argv): Argv =>
  withDataDir(yargs, 'Data dir of a running server, which is talked to')
    .option('apihost', {
      type: 'string',
      requiresArg: true,
      describe: `The OpenWhisk [${APIHOST}, else the server that holds the data dir]`,
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

const serverOf = (dir: string, instead: string): ServerAddress => {
  const server = findServer(dir);
  if (server === 'none')
    throw new UsageError(
      `No server holds the data dir ${dir}. Start it with 'miniwhisk start --data-dir ${dir}', or ${instead}.`,
    );
  if (server === 'silent')
    throw new UsageError(
      `The server that holds the data dir ${dir} does not tell where it answers: it starts or stops. Try again, or ${instead}.`,
    );
  return server;
};

/**
 * Where to go and with which key. What is not named is of the server that holds the data dir, and only that server gets a
 * key of the data dir: the guest's is the same on most servers, so that it would open the wrong one too. Throws
 * `UsageError`.
 */
export const accessOf = async (argv: Flags, names: Names = argv): Promise<Access> => {
  const { auth, namespace, flags = FLAGS } = names;
  const named = names.apihost ?? environmentValue(APIHOST);
  if (named !== undefined && typeof auth === 'string') return { apihost: String(named), auth: keyOf(auth), flags };
  const dir = loadProcessConfig({ flags: { dataDir: argv['dataDir'] } }).dataDir;
  const instead = `name an OpenWhisk and its key with ${flags.apihost} and ${flags.auth}`;
  const server = serverOf(dir, instead);
  const apihost = originOf(String(named ?? server.url), flags.apihost);
  if ((await serverId(apihost, flags.apihost)) !== server.id)
    throw new UsageError(
      `${apihost} is not the server that holds the data dir ${dir}. Name that one with ${flags.apihost}, or ${instead}.`,
    );
  const key = typeof auth === 'string' ? keyOf(auth) : await keyFromData(argv, String(namespace ?? DEFAULT_NAMESPACE));
  return { apihost, auth: key, flags };
};
