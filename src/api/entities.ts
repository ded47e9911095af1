import type { EffectiveLimits } from '../entities/limits.js';
import { parametersSize } from '../entities/parameters.js';
import type { EntityDoc, EntityType, Parameter } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { entity as text } from '../messages.js';
import type { EntityStore, EntityWrite, Stored } from '../store/store.js';
import { RevisionConflict } from '../store/store.js';
import type { Context } from './context.js';
import { booleanQuery } from './query.js';

type DocOf<T extends EntityType> = Extract<EntityDoc, { type: T }>;

/** What entities have in common on the wire. */
export const commonJson = (doc: EntityDoc): object => ({
  namespace: doc.namespace,
  name: doc.name,
  version: doc.version,
  publish: doc.publish,
  annotations: doc.annotations,
  updated: doc.updated,
});

/** Commits. Throws 409 when another write came first. */
export const commit = (entities: EntityStore, writes: readonly EntityWrite[]): void => {
  try {
    entities.write(writes);
  } catch (error) {
    if (error instanceof RevisionConflict) throw new HttpError(409, text.conflict);
    throw error;
  }
};

/**
 * The entity that a PUT meets, taken before the body is read, so that of two racing writers one loses.
 * Throws 409 when the name is taken: by another collection, or without `overwrite`.
 */
export const putTarget = <T extends EntityType>(
  entities: EntityStore,
  ctx: Context,
  path: string,
  type: T,
): Stored<DocOf<T>> | undefined => {
  const overwrite = booleanQuery(ctx, 'overwrite');
  const found = entities.get(path);
  if (!found) return undefined;
  if (found.doc.type !== type) throw new HttpError(409, text.otherCollection);
  if (!overwrite) throw new HttpError(409, text.exists);
  return found as Stored<DocOf<T>>;
};

/** Throws 413 when parameters or annotations are larger than the namespace may have. */
export const checkSizes = (
  limits: EffectiveLimits,
  doc: { readonly parameters?: readonly Parameter[]; readonly annotations: EntityDoc['annotations'] },
): void => {
  for (const field of ['parameters', 'annotations'] as const) {
    const size = parametersSize(doc[field] ?? []);
    if (size > limits.parameters) throw new HttpError(413, text.tooLarge(field, size, limits.parameters));
  }
};
