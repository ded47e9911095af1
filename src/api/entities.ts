import type { EntityDoc } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { entity as text } from '../messages.js';
import type { EntityStore, EntityWrite } from '../store/store.js';
import { RevisionConflict } from '../store/store.js';

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
