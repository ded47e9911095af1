import { storedParameters } from '../entities/action.js';
import { docPath, isEntityName, rootOf } from '../entities/names.js';
import { mergeParameters } from '../entities/parameters.js';
import { type PackagePut, packagePut } from '../entities/schemas.js';
import type { ActionDoc, Annotation, PackageDoc } from '../entities/types.js';
import { HttpError, rejection } from '../errors.js';
import { checkRight, type PackageView, readPackage } from '../invocation/entitlement.js';
import { requireEntity } from '../invocation/resolve.js';
import { entity as entityText, executeOnly, http, names, pkg as text } from '../messages.js';
import type { EntityQuery } from '../store/store.js';
import { type Context, sendJson } from './context.js';
import { commit, commonJson } from './entities.js';
import type { ApiParts } from './parts.js';
import { putCommon, putTarget, readPut } from './put.js';
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

/** Where shared packages may only be executed, a package is read in its own namespace alone. Throws 403. */
const checkReadable = (ctx: Context, { path, doc, provider }: PackageView): void => {
  const { namespace } = ctx.state.identity;
  if (rootOf(path) !== namespace) throw new HttpError(403, executeOnly.package(path));
  if (provider && rootOf(provider.path) !== namespace) throw new HttpError(403, executeOnly.binding(doc.name));
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const view = withLongNotFound(path, () => readPackage(parts.store.entities, ctx.state.identity, path));
  if (parts.executeOnly) checkReadable(ctx, view);
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

/** What the caller may bind: a package that is there and readable. Throws 400, 403, 409. */
const readProvider = (parts: ApiParts, ctx: Context, { namespace, name }: Binding): PackageView => {
  try {
    return readPackage(parts.store.entities, ctx.state.identity, `${namespace}/${name}`);
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

const put = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const target = targetOf(ctx);
  const { path, name } = target;
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'PUT', path);
  const { body, ...read } = await readPut<PackagePut>(parts, ctx, target, packagePut, [BINDING]);
  if (name === RESERVED) throw new HttpError(400, text.reserved(name));
  const given = parseBinding(body, ctx.state.identity.namespace);
  const provider = given && readProvider(parts, ctx, given);
  const stored = putTarget(entities, target, read, 'package');
  if (stored && !stored.binding && given) throw new HttpError(409, text.notABinding);
  if (provider?.doc.binding) throw new HttpError(400, text.bindingToBinding);
  const common = putCommon(target, body, stored);
  const binding = given ?? stored?.binding;
  const parameters = body.parameters
    ? storedParameters(body.parameters, stored?.parameters)
    : (stored?.parameters ?? []);
  const doc: PackageDoc = {
    type: 'package',
    ...common,
    annotations: withBinding(common.annotations, binding),
    parameters: parts.cipher.lock(parameters),
    ...(binding && { binding }),
    updated: parts.clock.now(),
  };
  commit(entities, [{ path, rev: read.before, doc }]);
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
