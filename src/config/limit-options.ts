/** A size with its unit. */
export const sizeOption = (help: string) =>
  ({
    type: 'string',
    pattern: '^\\s*\\d+\\s*(B|KB|MB|GB|K|M|G)\\s*$',
    form: 'a size such as "2 MB"',
    help,
  }) as const;

const count = (minimum: number, help: string) => ({ type: 'integer', minimum, help }) as const;

/**
 * Options that set one limit each, over those of `--limits`. In the config file they are members of `limits`, without the
 * prefix: `"limits": {"profile": "openwhisk", "payload": "2 MB"}`.
 */
export const limitOptions = {
  limitTime: count(100, 'Longest time limit of an action, in ms'),
  limitMemory: count(128, 'Most memory of an action, in MB'),
  limitLogs: count(0, 'Most log of an activation, in MB'),
  limitConcurrency: { ...count(1, 'Most activations that one container works on at once'), maximum: 500 },
  limitCode: sizeOption("Largest code of an action: up to OpenWhisk's 48 MB"),
  limitParameters: sizeOption('Most parameters, and most annotations, of an entity'),
  limitPayload: sizeOption('Largest payload of an invocation or fire, and largest result: up to 48 MB'),
  limitSequence: count(1, 'Most actions of a sequence or composition'),
  limitInvocationsPerMinute: count(0, 'Invocations a minute, for each namespace'),
  limitConcurrentInvocations: count(0, 'Activations at once, for each namespace'),
  limitFiresPerMinute: count(0, 'Trigger fires a minute, for each namespace'),
  limitKinds: {
    type: 'string',
    minLength: 1,
    help: 'Kinds that may be used, separated by commas; a namespace may be allowed others. All when absent',
  },
} as const;

/** The prefix of these options; the config file's object leaves it out. */
const PREFIX = 'limit';

/** The option that a member of the config file's `limits` sets; `profile` is `--limits` itself. */
export const limitOption = (member: string): string =>
  member === 'profile' ? 'limits' : `${PREFIX}${member.slice(0, 1).toUpperCase()}${member.slice(1)}`;

/** The other way round, for messages. */
export const limitMember = (name: string): string =>
  new RegExp(`^${PREFIX}[A-Z]`).test(name)
    ? `limits.${name.charAt(PREFIX.length).toLowerCase()}${name.slice(PREFIX.length + 1)}`
    : name;
