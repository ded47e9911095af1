import { HttpError } from '../errors.js';
import type { Json } from '../json.js';
import { isObject } from '../json.js';
import { http, names } from '../messages.js';
import type { EntityRef } from './types.js';

/** OpenWhisk's EntityName: 1 to 256 characters (common/…/entity/EntityPath.scala; OPENWHISK.md 1.4). */
const NAME = /^(?:\w|\w[\w@ .&-]{0,254}[\w@.&-])$/;
const MAX_NAME = 256;

/** The caller's own namespace, in URLs and references. */
const DEFAULT_NAMESPACE = '_';

export const isEntityName = (name: string): boolean => NAME.test(name) && !name.includes('\n');

/** A name from a URL; throws 400 with upstream's text. */
export const entityName = (segment: string): string => {
  if (segment.length > MAX_NAME) throw new HttpError(400, names.entityTooLong(segment.length, MAX_NAME));
  if (!isEntityName(segment)) throw new HttpError(400, names.illegalEntity);
  return segment;
};

/** A namespace from a URL; `_` becomes `own`. Throws 400. */
export const namespaceName = (segment: string, own: string): string => {
  if (segment === DEFAULT_NAMESPACE) return own;
  if (segment.length > MAX_NAME) throw new HttpError(400, names.namespaceTooLong(segment.length, MAX_NAME));
  if (!isEntityName(segment)) throw new HttpError(400, names.illegalNamespace);
  return segment;
};

/** Exactly 32 lower-case hex characters; throws 400. */
export const checkActivationId = (id: string): string => {
  if (id.length !== 32) throw new HttpError(400, names.activationIdLength(id.length));
  if (!/^[0-9a-f]{32}$/.test(id)) throw new HttpError(400, names.activationIdIllegal);
  return id;
};

/** Names separated by slashes; empty ones between them do not count (upstream's EntityPath). */
export const pathSegments = (path: string): string[] => path.split('/').filter(segment => segment !== '');

export const isPath = (path: string): boolean => {
  const segments = pathSegments(path);
  return segments.length > 0 && segments.every(isEntityName);
};

const malformed = (detail: string): HttpError => new HttpError(400, http.malformed(detail), { rejection: true });

/**
 * A reference inside a body: `/ns/[pkg/]name` (leading slash optional) or `{"path","name"}`; `_` becomes `own`.
 * Throws 400 malformed. More than three segments cannot name anything and are malformed too.
 */
export const parseReference = (value: Json, own: string): EntityRef => {
  let text: string;
  if (typeof value === 'string') text = value;
  else if (isObject(value) && typeof value['path'] === 'string' && typeof value['name'] === 'string') {
    text = `${value['path']}/${value['name']}`;
  } else throw malformed(names.malformedFqn);
  const segments = pathSegments(text);
  if (segments.length < 2) throw malformed(names.tooFewSegments);
  if (segments.length > 3 || !segments.every(isEntityName)) throw malformed(names.malformedFqn);
  if (segments[0] === DEFAULT_NAMESPACE) segments[0] = own;
  const name = segments.pop() as string;
  return { path: segments.join('/'), name };
};

/** `ns/[pkg/]name`, the key of the store. */
export const pathOf = (ref: EntityRef): string => `${ref.path}/${ref.name}`;

export const docPath = (doc: { namespace: string; name: string }): string => `${doc.namespace}/${doc.name}`;

/** The first segment of `ns`, `ns/pkg` or `ns/pkg/name`. */
export const rootOf = (path: string): string => {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(0, slash);
};

/** The package's path (`ns/pkg`) of an action in a package, undefined for one outside. */
export const packageOf = (path: string): string | undefined => {
  const first = path.indexOf('/');
  const last = path.lastIndexOf('/');
  return first === last ? undefined : path.slice(0, last);
};
