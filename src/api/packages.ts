import { storedAnnotations, storedParameters } from '../entities/action.js';
import { docPath, isEntityName } from '../entities/names.js';
import { mergeParameters } from '../entities/parameters.js';
import { type PackagePut, packagePut } from '../entities/schemas.js';
import type { ActionDoc, Annotation, PackageDoc } from '../entities/types.js';
import { validate } from '../entities/validate.js';
import { bumpVersion, FIRST_VERSION, parseVersion } from '../entities/version.js';
import { HttpError, rejection } from '../errors.js';
import { checkRight, readPackage } from '../invocation/entitlement.js';
import { requireEntity } from '../invocation/resolve.js';
import { entity as entityText, http, names, pkg as text } from '../messages.js';
import type { EntityQuery, Stored } from '../store/store.js';
import { readJson } from './body.js';
import { type Context, sendJson } from './context.js';
import { checkSizes, commit, commonJson, putTarget } from './entities.js';
import type { ApiParts } from './parts.js';
import { booleanQuery, countBody, listParameters, listQuery, overwriteParameter } from './query.js';
import type { Route } from './route.js';
import { namespaceOf, targetOf } from './target.js';

const RESERVED = 'default';
/** More than any package holds; a page of the store's list. */
const ALL = { skip: 0, limit: 1_000_000 };

type Binding = NonNullable<PackageDoc['binding']>;

/** As PUT and DELETE answer. */
const packageJson = (doc: PackageDoc, parameters = doc.parameters): object => ({
  ...commonJson(doc),
  parameters,
  binding: doc.binding ?? {},
});

const summary = (doc: PackageDoc): object => ({ ...commonJson(doc), binding: doc.binding ?? false });

const contents = (parts: ApiParts, path: string): ActionDoc[] => {
  const [namespace, name] = path.split('/') as [string, string];
  return parts.store.entities.list({ namespace, type: 'action', package: name }, ALL) as ActionDoc[];
};

const list = (parts: ApiParts, ctx: Context): void => {
  const namespace = namespaceOf(ctx);
  const { skip, limit, count } = listQuery(ctx, 'packages');
  const query: EntityQuery = {
    namespace,
    type: 'package',
    ...(namespace !== ctx.state.identity.namespace && { publicOnly: true }),
  };
  const { entities } = parts.store;
  if (count) sendJson(ctx, 200, countBody('packages', entities.count(query), skip));
  else sendJson(ctx, 200, (entities.list(query, { skip, limit }) as PackageDoc[]).map(summary));
};

/** Turns the 404 of a missing package into the longer text that only GET of a package has. */
const withLongNotFound = <T>(path: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) throw new HttpError(404, entityText.notFound(path));
    throw error;
  }
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const view = withLongNotFound(path, () => readPackage(parts.store.entities, ctx.state.identity, path));
  const actions = contents(parts, view.provider?.path ?? path);
  const row = ({ name, version, annotations }: ActionDoc): object => ({ name, version, annotations });
  const isFeed = (doc: ActionDoc): boolean => doc.annotations.some(a => a.key === 'feed');
  const parameters = view.provider ? mergeParameters(view.provider.doc.parameters, view.doc.parameters) : undefined;
  sendJson(ctx, 200, {
    ...packageJson(view.doc, parameters),
    actions: actions.filter(a => !isFeed(a)).map(row),
    feeds: actions.filter(isFeed).map(row),
  });
};

/** The binding a body asks for, undefined when it asks for none. Throws 400 malformed. */
const parseBinding = (body: PackagePut, own: string): Binding | undefined => {
  const { namespace, name } = (body.binding ?? {}) as { namespace?: string; name?: string };
  if (namespace === undefined || name === undefined) return undefined;
  if (!isEntityName(namespace) || !isEntityName(name)) throw rejection(400, http.malformed(names.malformedName));
  return { namespace: namespace === '_' ? own : namespace, name };
};

/** What may be bound: a package that is there, readable, and no binding itself. Throws 400, 403, 409. */
const checkBinding = (parts: ApiParts, ctx: Context, binding: Binding): void => {
  const path = `${binding.namespace}/${binding.name}`;
  try {
    if (readPackage(parts.store.entities, ctx.state.identity, path).provider) {
      throw new HttpError(400, text.bindingToBinding);
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.status === 404) throw new HttpError(400, text.bindingMissing);
    if (error.status === 409) throw new HttpError(409, text.bindingToOther);
    throw error;
  }
};

const BINDING = 'binding';

/** The server says itself what a package is bound to. */
const withBinding = (annotations: readonly Annotation[], binding: Binding | undefined): Annotation[] => {
  const rest = annotations.filter(a => a.key !== BINDING);
  return binding ? [...rest, { key: BINDING, value: { ...binding } }] : rest;
};

const apply = (
  stored: Stored<PackageDoc> | undefined,
  body: PackagePut,
  at: { namespace: string; name: string; now: number; binding: Binding | undefined },
): PackageDoc => {
  const before = stored?.doc;
  if (before && !before.binding && at.binding) throw new HttpError(409, text.notABinding);
  const binding = at.binding ?? before?.binding;
  const version = body.version === undefined ? undefined : parseVersion(body.version);
  return {
    type: 'package',
    namespace: at.namespace,
    name: at.name,
    version: version ?? (before ? bumpVersion(before.version) : FIRST_VERSION),
    publish: body.publish ?? before?.publish ?? false,
    parameters: body.parameters ? storedParameters(body.parameters) : (before?.parameters ?? []),
    annotations: withBinding(
      body.annotations ? storedAnnotations(body.annotations) : (before?.annotations ?? []),
      binding,
    ),
    ...(binding && { binding }),
    updated: at.now,
  };
};

const put = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const { path, namespace, name } = targetOf(ctx);
  const { identity } = ctx.state;
  const { entities } = parts.store;
  checkRight(entities, identity, 'PUT', path);
  if (name === RESERVED) throw new HttpError(400, text.reserved(name));
  const before = entities.get(path)?.rev;
  const body = validate<PackagePut>(packagePut, await readJson(ctx), [BINDING]);
  const binding = parseBinding(body, identity.namespace);
  if (binding) checkBinding(parts, ctx, binding);
  const stored = putTarget(entities, ctx, path, 'package');
  const clear = apply(stored, body, { namespace, name, binding, now: parts.clock.now() });
  checkSizes(identity.limits, clear);
  const doc = { ...clear, parameters: parts.cipher.lock(clear.parameters) };
  commit(entities, [{ path, rev: before, doc }]);
  sendJson(ctx, 200, packageJson(doc));
};

const remove = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'DELETE', path);
  const { doc, rev } = requireEntity(entities, path, 'package');
  const actions = doc.binding ? [] : contents(parts, path);
  if (actions.length > 0 && !booleanQuery(ctx, 'force')) throw new HttpError(409, text.notEmpty(actions.length));
  const inside = actions.map(docPath);
  commit(entities, [
    ...inside.map(p => ({ path: p, rev: entities.get(p)?.rev, doc: undefined })),
    { path, rev, doc: undefined },
  ]);
  for (const action of inside) parts.actionChanged(action);
  sendJson(ctx, 200, packageJson(doc));
};

export const packageRoutes = (parts: ApiParts): Route[] => [
  {
    method: 'get',
    path: '/:namespace/packages{/}',
    summary: 'List packages',
    query: listParameters,
    handle: ctx => list(parts, ctx),
  },
  {
    method: 'get',
    path: '/:namespace/packages/:name',
    summary: 'Get a package',
    handle: ctx => get(parts, ctx),
  },
  {
    method: 'put',
    path: '/:namespace/packages/:name',
    summary: 'Create or update a package',
    query: [overwriteParameter],
    body: packagePut,
    handle: ctx => put(parts, ctx),
  },
  {
    method: 'delete',
    path: '/:namespace/packages/:name',
    summary: 'Delete a package',
    query: [{ name: 'force', type: 'boolean', description: 'Delete its actions first', default: false }],
    handle: ctx => remove(parts, ctx),
  },
];
