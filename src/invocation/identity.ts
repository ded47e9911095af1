import { type EffectiveLimits, effectiveLimits, type SystemLimits } from '../entities/limits.js';
import type { KeyOwner, SubjectStore } from '../store/store.js';

/** Who calls: a subject in one of its namespaces, with what that namespace may do. */
export interface Identity {
  readonly subject: string;
  readonly namespace: string;
  /** Throttles are keyed by it. */
  readonly uuid: string;
  /** `uuid:key`, what an action gets as `api_key`. */
  readonly authKey: string;
  readonly limits: EffectiveLimits;
}

export type Identities = ReturnType<typeof createIdentities>;

/**
 * Looks identities up. One is built once per answer of the store, which returns the same object until something changes,
 * so that the hot path neither allocates nor computes limits.
 */
export const createIdentities = (subjects: SubjectStore, system: SystemLimits) => {
  const built = new WeakMap<KeyOwner, { of: unknown; identity: Identity }>();

  const identify = (owner: KeyOwner | undefined): Identity | undefined => {
    if (!owner || owner.blocked) return undefined;
    const overrides = subjects.limits(owner.namespace.name);
    const known = built.get(owner);
    if (known && known.of === overrides) return known.identity;
    const identity: Identity = {
      subject: owner.subject,
      namespace: owner.namespace.name,
      uuid: owner.namespace.uuid,
      authKey: `${owner.namespace.uuid}:${owner.namespace.key}`,
      limits: effectiveLimits(system, overrides),
    };
    built.set(owner, { of: overrides, identity });
    return identity;
  };

  return {
    /** By Basic credentials; undefined when unknown, wrong or blocked. */
    authenticate: (uuid: string, key: string): Identity | undefined => identify(subjects.authenticate(uuid, key)),
    /** By subject and the uuid of one of its namespaces; undefined when it is gone or blocked. */
    of: (name: string, uuid: string): Identity | undefined => {
      const subject = subjects.get(name);
      const namespace = subject?.namespaces.find(n => n.uuid === uuid);
      return namespace && identify({ subject: name, blocked: subject?.blocked === true, namespace });
    },
    /** The owner of a namespace, under whose name and key its web actions run. */
    owner: (namespace: string): Identity | undefined => identify(subjects.owner(namespace)),
  };
};
