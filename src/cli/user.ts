import type { Argv, CommandModule } from 'yargs';
import { isEntityName } from '../entities/names.js';
import type { Subject, SubjectNamespace } from '../entities/types.js';
import { UsageError } from '../errors.js';
import { alphanumeric, uuid } from '../ids.js';
import type { SubjectStore } from '../store/store.js';
import { type Flags, print, withDataDir, withStore } from './data.js';

/** A key is `uuid:secret`, the secret exactly 64 characters (OPENWHISK.md 8.1). */
const SECRET_LENGTH = 64;
const MIN_SUBJECT = 5;

const compact = (n: Pick<SubjectNamespace, 'uuid' | 'key'>): string => `${n.uuid}:${n.key}`;

const parseAuth = (auth: string): { uuid: string; key: string } => {
  const [id = '', key = '', ...rest] = auth.split(':');
  if (rest.length > 0 || key === '') throw new UsageError(`failed to determine authorization id and key: ${auth}`);
  if (key.length !== SECRET_LENGTH) throw new UsageError('authorization key must be exactly 64 characters long');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new UsageError('authorization id is not a valid UUID');
  return { uuid: id, key };
};

const requireSubject = (subjects: SubjectStore, name: string): Subject => {
  const subject = subjects.get(name);
  if (!subject) throw new UsageError(`Subject to manage does not exist: "${name}"`);
  return subject;
};

interface Create {
  readonly auth?: string | undefined;
  readonly namespace?: string | undefined;
  readonly revoke?: boolean | undefined;
  readonly force?: boolean | undefined;
}

const newKey = (auth: string | undefined): { uuid: string; key: string } =>
  auth ? parseAuth(auth) : { uuid: uuid(), key: alphanumeric(SECRET_LENGTH) };

const checkNames = (subject: string, namespace: string): void => {
  if (subject.length < MIN_SUBJECT) throw new UsageError('Subject name must be at least 5 characters');
  if (namespace === '') throw new UsageError('Namespace must not be empty');
  if (!isEntityName(namespace)) throw new UsageError(`Namespace "${namespace}" contains illegal characters`);
};

/** Creates a subject, or adds a namespace to it, or renews a key. Returns `uuid:key`. Throws `UsageError`. */
export const createUser = (subjects: SubjectStore, name: string, options: Create): string => {
  const namespace = (options.namespace ?? name).trim();
  checkNames(name, namespace);
  const fresh = { name: namespace, ...newKey(options.auth) };
  const subject = subjects.get(name);
  if (subject?.blocked) throw new UsageError('The subject you want to edit is blocked');
  const existing = subject?.namespaces.find(n => n.name === namespace);
  let made: SubjectNamespace = fresh;
  if (existing && !options.force) {
    if (!options.revoke) throw new UsageError('Namespace already exists');
    made = { ...existing, key: fresh.key };
  }
  const others = (subject?.namespaces ?? []).filter(n => n.name !== namespace);
  subjects.put({ subject: name, namespaces: [...others, made] });
  return compact(made);
};

/** Deletes a subject, or one of its namespaces. Throws `UsageError`. */
export const deleteUser = (subjects: SubjectStore, name: string, namespace: string | undefined): string => {
  const subject = requireSubject(subjects, name);
  if (namespace === undefined) {
    subjects.delete(name);
    return 'Subject deleted';
  }
  const rest = subject.namespaces.filter(n => n.name !== namespace);
  if (rest.length === subject.namespaces.length)
    throw new UsageError(`Namespace "${namespace}" does not exist for "${name}"`);
  subjects.put({ ...subject, namespaces: rest });
  return 'Namespace deleted';
};

export const getUser = (subjects: SubjectStore, name: string, namespace: string | undefined, all: boolean): string => {
  const subject = requireSubject(subjects, name);
  if (all) return subject.namespaces.map(n => `${n.name}\t${compact(n)}`).join('\n');
  const wanted = namespace ?? name;
  const found = subject.namespaces.find(n => n.name === wanted);
  if (!found) throw new UsageError(`Namespace "${wanted}" does not exist for "${name}"`);
  return compact(found);
};

export const whois = (subjects: SubjectStore, auth: string): string => {
  const [id = '', key = ''] = auth.split(':');
  const owner = subjects.authenticate(id, key);
  return owner ? `subject: ${owner.subject}\nnamespace: ${owner.namespace.name}` : 'Subject id is not recognized';
};

export const listUsers = (subjects: SubjectStore, namespace: string, most: number, keysOnly: boolean): string => {
  if (!(most >= 1)) throw new UsageError('pick at least 1 identity to show');
  const rows = subjects
    .inNamespace(namespace)
    .flatMap(subject =>
      subject.namespaces
        .filter(n => n.name === namespace)
        .map(n => (keysOnly ? compact(n) : `${compact(n)}\t${subject.subject}`)),
    );
  return rows.slice(0, most).join('\n') || `no identities found for namespace "${namespace}"`;
};

/** Blocks or unblocks those that there are; tells which there were not. */
export const setBlocked = (
  subjects: SubjectStore,
  names: readonly string[],
  blocked: boolean,
): { done: string[]; missing: string[] } => {
  const done = names.filter(name => subjects.get(name));
  for (const name of done) subjects.put({ ...requireSubject(subjects, name), blocked });
  return { done, missing: names.filter(name => !done.includes(name)) };
};

const run =
  (work: (subjects: SubjectStore, argv: Flags) => string) =>
  async (argv: Flags): Promise<void> =>
    print(await withStore(argv, store => work(store.subjects, argv)));

const create = async (argv: Flags): Promise<void> => {
  const { auth } = argv as Create;
  if (argv['genonly'] === true) return print(compact(newKey(auth)));
  const key = await withStore(argv, ({ subjects }) =>
    createUser(subjects, String(argv['subject']).trim(), argv as Create),
  );
  if (argv['silent'] !== true) print(key);
};

const block =
  (blocked: boolean) =>
  async (argv: Flags): Promise<void> => {
    const names = (argv['subject'] as unknown[]).map(name => String(name).trim());
    const { done, missing } = await withStore(argv, ({ subjects }) => setBlocked(subjects, names, blocked));
    for (const name of done) print(`"${name}" ${blocked ? 'blocked' : 'unblocked'} successfully`);
    if (missing.length > 0) throw new UsageError(`There is no subject ${missing.map(name => `"${name}"`).join(', ')}`);
  };

const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));

const ns = { type: 'string', alias: 'ns', requiresArg: true } as const;

/** wskadmin spells it `-ns`, which is no group of short options. */
const parser = { 'duplicate-arguments-array': false, 'short-option-groups': false };

/** Elsewhere the last of repeated arguments counts. */
const several = (yargs: Argv): Argv => yargs.parserConfiguration({ ...parser, 'duplicate-arguments-array': true });

const commands = (yargs: Argv): Argv =>
  withDataDir(yargs)
    .parserConfiguration(parser)
    .command(
      'create <subject>',
      'Create a user and print its key',
      y =>
        y
          .option('auth', { type: 'string', alias: 'u', requiresArg: true, describe: 'The uuid:key to give it' })
          .option('namespace', { ...ns, describe: 'Namespace of the key (default: the subject)' })
          .option('revoke', { type: 'boolean', alias: 'r', describe: 'Make a new key for an existing namespace' })
          .option('force', { type: 'boolean', alias: 'f', describe: 'Replace uuid and key of an existing namespace' })
          .option('genonly', { type: 'boolean', alias: 'g', describe: 'Print a new key, store nothing' })
          .option('silent', { type: 'boolean', alias: 's', describe: 'Print nothing' }),
      create,
    )
    .command(
      'delete <subject>',
      'Delete a user, or one of its namespaces',
      y => y.option('namespace', { ...ns, describe: 'Only this namespace' }),
      run((s, a) => deleteUser(s, String(a['subject']), text(a['namespace']))),
    )
    .command(
      'get <subject>',
      "Print a user's key",
      y =>
        y
          .option('namespace', { ...ns, describe: 'Namespace of the key (default: the subject)' })
          .option('all', { type: 'boolean', alias: 'a', describe: 'All its namespaces and keys' }),
      run((s, a) => getUser(s, String(a['subject']), text(a['namespace']), a['all'] === true)),
    )
    .command(
      'whois <authkey>',
      'Tell whose key it is',
      {},
      run((s, a) => whois(s, String(a['authkey']))),
    )
    .command(
      'list <namespace>',
      'List the keys of a namespace',
      y =>
        y
          .option('pick', {
            type: 'number',
            alias: 'p',
            default: 1,
            requiresArg: true,
            describe: 'No more than this many',
          })
          .option('all', { type: 'boolean', alias: 'a', describe: 'All of them' })
          .option('key', { type: 'boolean', alias: 'k', describe: 'Only the keys' }),
      run((s, a) =>
        listUsers(
          s,
          String(a['namespace']),
          a['all'] ? Number.POSITIVE_INFINITY : Number(a['pick']),
          a['key'] === true,
        ),
      ),
    )
    .command('block <subject..>', 'Block users', several, block(true))
    .command('unblock <subject..>', 'Unblock users', several, block(false))
    .demandCommand(1, 'Name a command: create, delete, get, whois, list, block or unblock')
    .example('$0 user create alice', 'a subject with a namespace and key of its own')
    .example('$0 user get guest', 'the key to give to wsk');

export const userCommand: CommandModule = {
  command: 'user',
  describe: 'Manage users and their keys',
  builder: commands,
  handler: () => undefined,
};
