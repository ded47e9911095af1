import { docPath, packageOf } from '../entities/names.js';
import { isTruthy, mergeParameters } from '../entities/parameters.js';
import type { ActionDoc, EntityDoc, EntityType, Parameter } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { defaultText, entity as text } from '../messages.js';
import type { EntityStore, Stored } from '../store/store.js';

type DocOf<T extends EntityType> = Extract<EntityDoc, { type: T }>;

/** The entity at `path` as a given type. Throws 404, or 409 when the name belongs to another collection. */
export const requireEntity = <T extends EntityType>(entities: EntityStore, path: string, type: T): Stored<DocOf<T>> => {
  const found = entities.get(path);
  if (!found) throw new HttpError(404, defaultText[404] as string);
  if (found.doc.type !== type) throw new HttpError(409, text.otherCollection);
  return found as Stored<DocOf<T>>;
};

/** An action with what it inherits, as it will be invoked. */
export interface ResolvedAction {
  readonly doc: ActionDoc;
  readonly rev: number;
  /** `ns/[pkg/]name` of the provider. */
  readonly path: string;
  /** Provider package ++ binding ++ action, right wins. */
  readonly parameters: readonly Parameter[];
  /** `ns/pkg` of the binding it was reached through. */
  readonly binding?: string;
}

/** Only actions with a container can be conductors; on a sequence the annotation means nothing. */
export const isConductor = ({ doc }: ResolvedAction): boolean =>
  !('components' in doc.exec) && isTruthy(doc.annotations, 'conductor');

interface CacheEntry {
  readonly revs: readonly number[];
  readonly resolved: ResolvedAction;
}

export type Resolver = ReturnType<typeof createResolver>;

/**
 * Finds an action through its package or binding and merges parameters. What it returns is the same object until one of
 * the documents involved changes, so that later stages can cache by it. Entitlement is checked elsewhere.
 */
export const createResolver = (entities: EntityStore) => {
  const cache = new Map<string, CacheEntry>();
  const MAX_CACHED = 10_000;

  const fresh = (path: string, revs: readonly number[], make: () => ResolvedAction): ResolvedAction => {
    const known = cache.get(path);
    if (known?.revs.length === revs.length && known.revs.every((rev, i) => rev === revs[i])) return known.resolved;
    if (cache.size >= MAX_CACHED) cache.clear();
    const resolved = make();
    cache.set(path, { revs, resolved });
    return resolved;
  };

  /** Throws 404, 409. */
  return (path: string): ResolvedAction => {
    const packagePath = packageOf(path);
    if (packagePath === undefined) {
      const { doc, rev } = requireEntity(entities, path, 'action');
      return fresh(path, [rev], () => ({ doc, rev, path, parameters: doc.parameters }));
    }
    const outer = requireEntity(entities, packagePath, 'package');
    const binding = outer.doc.binding;
    const provider = binding ? requireEntity(entities, `${binding.namespace}/${binding.name}`, 'package') : outer;
    const actionPath = `${docPath(provider.doc)}/${path.slice(packagePath.length + 1)}`;
    const { doc, rev } = requireEntity(entities, actionPath, 'action');
    return fresh(path, [outer.rev, provider.rev, rev], () => ({
      doc,
      rev,
      path: actionPath,
      parameters: mergeParameters(provider.doc.parameters, binding ? outer.doc.parameters : [], doc.parameters),
      ...(binding && { binding: packagePath }),
    }));
  };
};
