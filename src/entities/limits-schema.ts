import { parseDuration } from './duration.js';
import { parseSize } from './limits.js';
import type { NamespaceLimits } from './types.js';

type Kind = 'count' | 'kinds' | 'boolean' | 'size' | 'duration';

/** Every member of a namespace's limits document (OPENWHISK.md 8.3) and what it is. */
export const limitMembers: Readonly<Record<keyof NamespaceLimits, { readonly kind: Kind; readonly help: string }>> = {
  invocationsPerMinute: { kind: 'count', help: 'invocations per minute' },
  concurrentInvocations: { kind: 'count', help: 'activations at once' },
  firesPerMinute: { kind: 'count', help: 'trigger fires per minute' },
  allowedKinds: { kind: 'kinds', help: 'kinds that may be used' },
  storeActivations: { kind: 'boolean', help: 'whether activations are stored' },
  minActionMemory: { kind: 'count', help: 'MB' },
  maxActionMemory: { kind: 'count', help: 'MB' },
  minActionLogs: { kind: 'count', help: 'MB' },
  maxActionLogs: { kind: 'count', help: 'MB' },
  minActionTimeout: { kind: 'count', help: 'ms' },
  maxActionTimeout: { kind: 'count', help: 'ms' },
  minActionConcurrency: { kind: 'count', help: 'activations a container works on at once' },
  maxActionConcurrency: { kind: 'count', help: 'activations a container works on at once' },
  maxParameterSize: { kind: 'size', help: 'such as "1 MB"' },
  maxPayloadSize: { kind: 'size', help: 'such as "1 MB"' },
  truncationSize: { kind: 'size', help: 'such as "1 MB"' },
  maxActionInstances: { kind: 'count', help: 'containers of one action at once' },
  warmedContainerKeepingCount: { kind: 'count', help: 'idle containers of one action that are kept' },
  warmedContainerKeepingTimeout: { kind: 'duration', help: 'such as "60 minutes"' },
};

/** What a value looks like, for messages. */
export const limitForms: Readonly<Record<Kind, string>> = {
  count: 'a whole number from 0',
  kinds: 'kinds, separated by spaces or commas',
  boolean: 'true or false',
  size: 'a size such as "1 MB"',
  duration: 'a duration such as "60 minutes"',
};

/** A word of the command line as the member's value; undefined when it does not fit. */
export const parseLimitMember = (
  name: keyof NamespaceLimits,
  word: string,
): NamespaceLimits[typeof name] | undefined => {
  switch (limitMembers[name].kind) {
    case 'count':
      return /^\d{1,10}$/.test(word) ? Number(word) : undefined;
    case 'boolean':
      return word === 'true' || word === 'false' ? word === 'true' : undefined;
    case 'size':
      return parseSize(word) === undefined ? undefined : word;
    case 'duration':
      return parseDuration(word) === undefined ? undefined : word;
    case 'kinds':
      return word.split(/[\s,]+/).filter(Boolean);
  }
};
