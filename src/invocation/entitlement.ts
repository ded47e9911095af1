import { packageOf, rootOf } from '../entities/names.js';
import type { EntityDoc, PackageDoc } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { defaultText, pkg as packageText, entity as text } from '../messages.js';
import type { EntityStore } from '../store/store.js';
import type { Identity } from './identity.js';

/** READ is GET, ACTIVATE is POST (OPENWHISK.md 8.4). */
export type Privilege = 'READ' | 'PUT' | 'DELETE' | 'ACTIVATE';

const forbidden = (resource: string): HttpError => new HttpError(403, text.forbidden(resource));
const missing = (): HttpError => new HttpError(404, defaultText[404] as string);

/** A package as seen by a reader: the package itself, and for a binding its provider. */
export interface PackageView {
  readonly path: string;
  readonly doc: PackageDoc;
  readonly provider?: { readonly path: string; readonly doc: PackageDoc };
}

const packageAt = (entities: EntityStore, path: string): EntityDoc | undefined => entities.get(path)?.doc;

/**
 * Checks that `identity` may READ the package at `path` (own; or another's when published; a binding only its owner, and
 * only while its provider is readable). Throws 403 naming the package, 404 when it is the caller's own and missing,
 * 409 when the name is no package's.
 */
export const readPackage = (entities: EntityStore, identity: Identity, path: string): PackageView => {
  const own = rootOf(path) === identity.namespace;
  const doc = packageAt(entities, path);
  if (!doc) throw own ? missing() : forbidden(path);
  if (doc.type !== 'package') throw own ? new HttpError(409, text.otherCollection) : forbidden(path);
  if (!doc.binding) {
    if (!own && !doc.publish) throw forbidden(path);
    return { path, doc };
  }
  if (!own) throw forbidden(path);
  const providerPath = `${doc.binding.namespace}/${doc.binding.name}`;
  if (providerPath === path) throw new HttpError(422, packageText.circular(path));
  const ownProvider = doc.binding.namespace === identity.namespace;
  const provider = packageAt(entities, providerPath);
  if (!provider || (provider.type === 'package' && provider.binding)) throw ownProvider ? missing() : forbidden(path);
  if (provider.type !== 'package') throw ownProvider ? new HttpError(409, text.otherCollection) : forbidden(path);
  if (!ownProvider && !provider.publish) throw forbidden(path);
  return { path, doc, provider: { path: providerPath, doc: provider } };
};

/**
 * Checks a right on an entity outside packages, or on an action in a package. `path` is `ns/name` or `ns/pkg/name`.
 * Throws 403 (and for packages what `readPackage` throws).
 */
export const checkRight = (entities: EntityStore, identity: Identity, right: Privilege, path: string): void => {
  const packagePath = packageOf(path);
  const own = rootOf(path) === identity.namespace;
  if (packagePath === undefined) {
    if (!own) throw forbidden(path);
    return;
  }
  if (right === 'READ' || right === 'ACTIVATE') {
    readPackage(entities, identity, packagePath);
    return;
  }
  if (!own) throw forbidden(path);
};

/**
 * Checks one right on several entities. What a package refuses comes first and names it; otherwise all refused are named.
 * Throws as `checkRight`.
 */
export const checkRights = (
  entities: EntityStore,
  identity: Identity,
  right: Privilege,
  paths: readonly string[],
): void => {
  const refused = new Set<string>();
  for (const path of paths) {
    if (packageOf(path) !== undefined) checkRight(entities, identity, right, path);
    else if (rootOf(path) !== identity.namespace) refused.add(path);
  }
  if (refused.size > 0) throw forbidden([...refused].sort().join(', '));
};

/** Checks that the namespace may use a kind; `blackbox` and `sequence` are kinds too. Throws 403. */
export const checkKind = (identity: Identity, kind: string): void => {
  const allowed = identity.limits.allowedKinds;
  if (allowed && !allowed.includes(kind)) throw new HttpError(403, text.forbiddenKind(kind));
};
