import type { Argv, CommandModule } from 'yargs';
import type { Subject, SubjectNamespace } from '../entities/types.js';
import { UsageError } from '../errors.js';
import { alphanumeric, uuid } from '../ids.js';
import type { SubjectStore } from '../store/store.js';
import { type Flags, print, withDataDir, withStore } from './data.js';

/** A key is `uuid:secret`, the secret exactly 64 characters (OPENWHISK.md 8.1). */
const SECRET_LENGTH = 64;
const MIN_SUBJECT = 5;

const compact = (n: SubjectNamespace): string => `${n.uuid}:${n.key}`;

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

/** Creates a subject, or adds a namespace to it, or renews a key. Returns `uuid:key`. Throws `UsageError`. */
export const createUser = (subjects: SubjectStore, name: string, options: Create): string => {
  if (name.length < MIN_SUBJECT) throw new UsageError('Subject name must be at least 5 characters');
  const namespace = (options.namespace ?? name).trim();
  const fresh = {
    name: namespace,
    ...(options.auth ? parseAuth(options.auth) : { uuid: uuid(), key: alphanumeric(SECRET_LENGTH) }),
  };
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

const getUser = (subjects: SubjectStore, name: string, namespace: string | undefined, all: boolean): string => {
  const subject = requireSubject(subjects, name);
  if (all) return subject.namespaces.map(n => `${n.name}\t${compact(n)}`).join('\n');
  const wanted = namespace ?? name;
  const found = subject.namespaces.find(n => n.name === wanted);
  if (!found) throw new UsageError(`Namespace "${wanted}" does not exist for "${name}"`);
  return compact(found);
};

const whois = (subjects: SubjectStore, auth: string): string => {
  const [id = '', key = ''] = auth.split(':');
  const owner = subjects.authenticate(id, key);
  if (!owner) throw new UsageError('Subject to manage does not exist: no one has this key');
  return `subject: ${owner.subject}\nnamespace: ${owner.namespace.name}`;
};

const listUsers = (subjects: SubjectStore, namespace: string, pick: number | undefined, keysOnly: boolean): string => {
  const rows = subjects
    .inNamespace(namespace)
    .flatMap(subject =>
      subject.namespaces
        .filter(n => n.name === namespace)
        .map(n => (keysOnly ? compact(n) : `${compact(n)}\t${subject.subject}`)),
    );
  if (rows.length === 0) throw new UsageError(`no identities found for namespace "${namespace}"`);
  return rows.slice(0, pick ?? rows.length).join('\n');
};

const setBlocked = (subjects: SubjectStore, names: readonly string[], blocked: boolean): string =>
  names
    .map(name => {
      subjects.put({ ...requireSubject(subjects, name), blocked });
      return `"${name}" ${blocked ? 'blocked' : 'unblocked'} successfully`;
    })
    .join('\n');

const run =
  (work: (subjects: SubjectStore, argv: Flags) => string) =>
  async (argv: Flags): Promise<void> =>
    print(await withStore(argv, store => work(store.subjects, argv)));

const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));

const ns = { type: 'string', alias: 'ns', requiresArg: true } as const;

const commands = (yargs: Argv): Argv =>
  withDataDir(yargs)
    .command(
      'create <subject>',
      'Create a user and print its key',
      y =>
        y
          .option('auth', { type: 'string', alias: 'u', requiresArg: true, describe: 'The uuid:key to give it' })
          .option('namespace', { ...ns, describe: 'Namespace of the key (default: the subject)' })
          .option('revoke', { type: 'boolean', alias: 'r', describe: 'Make a new key for an existing namespace' })
          .option('force', { type: 'boolean', alias: 'f', describe: 'Replace uuid and key of an existing namespace' }),
      run((s, a) => createUser(s, String(a['subject']), a as Create)),
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
          .option('pick', { type: 'number', alias: 'p', requiresArg: true, describe: 'No more than this many' })
          .option('all', { type: 'boolean', alias: 'a', describe: 'All of them' })
          .option('key', { type: 'boolean', alias: 'k', describe: 'Only the keys' }),
      run((s, a) =>
        listUsers(
          s,
          String(a['namespace']),
          a['all'] ? undefined : (a['pick'] as number | undefined),
          a['key'] === true,
        ),
      ),
    )
    .command(
      'block <subject..>',
      'Block users',
      {},
      run((s, a) => setBlocked(s, (a['subject'] as string[]).map(String), true)),
    )
    .command(
      'unblock <subject..>',
      'Unblock users',
      {},
      run((s, a) => setBlocked(s, (a['subject'] as string[]).map(String), false)),
    )
    .demandCommand(1, 'Name a command: create, delete, get, whois, list, block or unblock')
    .example('$0 user create alice', 'a subject with a namespace and key of its own')
    .example('$0 user get guest', 'the key to give to wsk');

export const userCommand: CommandModule = {
  command: 'user',
  describe: 'Manage users and their keys',
  builder: commands,
  handler: () => undefined,
};
