import { storedAnnotations, storedParameters } from '../entities/action.js';
import type { EffectiveLimits } from '../entities/limits.js';
import { parametersSize } from '../entities/parameters.js';
import type { CommonPut } from '../entities/schemas.js';
import type { Annotation, EntityDoc, EntityType } from '../entities/types.js';
import { validate } from '../entities/validate.js';
import { nextVersion, parseVersion } from '../entities/version.js';
import { HttpError } from '../errors.js';
import { entity as text } from '../messages.js';
import type { EntityStore } from '../store/store.js';
import { readJson } from './body.js';
import type { Context } from './context.js';
import type { ApiParts } from './parts.js';
import { booleanQuery } from './query.js';
import type { Target } from './target.js';

type DocOf<T extends EntityType> = Extract<EntityDoc, { type: T }>;

/** A PUT whose body was read; the checks of its own collection follow. */
export interface Put<B> {
  readonly body: B;
  readonly overwrite: boolean;
  /** The revision before the body was read: of two writers that race, the last to finish names one that is gone. */
  readonly before: number | undefined;
}

/** Throws 413 when what the body brings is larger than the namespace may have. */
const checkSizes = (limits: EffectiveLimits, body: CommonPut): void => {
  const sizes = [
    ['parameters', parametersSize(storedParameters(body.parameters))],
    ['annotations', parametersSize(storedAnnotations(body.annotations))],
  ] as const;
  for (const [field, size] of sizes) {
    if (size > limits.parameters) throw new HttpError(413, text.tooLarge(field, size, limits.parameters));
  }
};

/** Reads the body of a PUT that the caller may do; null counts as absent but for `keepNull`. Throws 400, 413, 415. */
export const readPut = async <B extends CommonPut>(
  parts: ApiParts,
  ctx: Context,
  { path }: Target,
  schema: object,
  keepNull: readonly string[] = [],
): Promise<Put<B>> => {
  const before = parts.store.entities.get(path)?.rev;
  const body = validate<B>(schema, await readJson(ctx), keepNull);
  checkSizes(ctx.state.identity.limits, body);
  const overwrite = booleanQuery(ctx, 'overwrite');
  if (body.version !== undefined) parseVersion(body.version);
  return { body, overwrite, before };
};

/**
 * The entity that a PUT meets, undefined when it creates one. Throws 409 when the name is taken: by another collection, or
 * without `overwrite`.
 */
export const putTarget = <T extends EntityType>(
  entities: EntityStore,
  { path }: Target,
  { overwrite }: Pick<Put<unknown>, 'overwrite'>,
  type: T,
): DocOf<T> | undefined => {
  const found = entities.get(path);
  if (!found) return undefined;
  if (found.doc.type !== type) throw new HttpError(409, text.otherCollection);
  if (!overwrite) throw new HttpError(409, text.exists);
  return found.doc as DocOf<T>;
};

/** The fields that triggers, rules and packages have in common, the body over the stored ones. */
export const putCommon = (
  { namespace, name }: Target,
  body: CommonPut,
  stored: EntityDoc | undefined,
): { namespace: string; name: string; version: string; publish: boolean; annotations: readonly Annotation[] } => ({
  namespace,
  name,
  version: nextVersion(body.version, stored),
  publish: body.publish ?? stored?.publish ?? false,
  annotations: body.annotations ? storedAnnotations(body.annotations) : (stored?.annotations ?? []),
});
