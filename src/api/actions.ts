import { applyActionPut } from '../entities/action.js';
import { execSize, type ParsedExec, parseExec } from '../entities/exec.js';
import { parseLimits } from '../entities/limits.js';
import { docPath, packageOf, parseReference, pathOf } from '../entities/names.js';
import { type ActionPut, actionPut, payload as payloadSchema } from '../entities/schemas.js';
import type { ActionDoc } from '../entities/types.js';
import { validate } from '../entities/validate.js';
import { HttpError } from '../errors.js';
import { checkKind, checkRight, type Privilege, readPackage } from '../invocation/entitlement.js';
import type { Identity } from '../invocation/identity.js';
import { requireEntity } from '../invocation/resolve.js';
import { checkSequence } from '../invocation/sequence-check.js';
import { isObject, type JsonObject } from '../json.js';
import { entity as entityText, action as text } from '../messages.js';
import { invokeAction } from './action-invoke.js';
import { readJson } from './body.js';
import { type Context, sendJson } from './context.js';
import { checkSizes, commit, commonJson, putTarget } from './entities.js';
import type { ApiParts } from './parts.js';
import { booleanQuery, countBody, listParameters, listQuery, overwriteParameter } from './query.js';
import type { Route } from './route.js';
import { ownNamespace, targetOf } from './target.js';

/** The action as GET, PUT and DELETE answer with it. `code` undefined leaves it out. */
const actionJson = (doc: ActionDoc, code: string | undefined, parameters = doc.parameters): object => ({
  ...commonJson(doc),
  exec: { ...doc.exec, ...(code !== undefined && { code }) },
  parameters,
  limits: doc.limits,
});

/** A row of the list (OPENWHISK.md 2.7). */
const actionSummary = (doc: ActionDoc): object => ({
  ...commonJson(doc),
  limits: doc.limits,
  exec: { binary: 'binary' in doc.exec && doc.exec.binary },
});

/** PUT and DELETE of a packaged action need the package itself to be there and to be no binding. Throws 400, 404, 409. */
const checkOwnPackage = (parts: ApiParts, path: string): void => {
  const packagePath = packageOf(path);
  if (packagePath === undefined) return;
  const { doc } = requireEntity(parts.store.entities, packagePath, 'package');
  if (doc.binding) throw new HttpError(400, text.bindingOperation);
};

const authorize = (parts: ApiParts, ctx: Context, right: Privilege, path: string): Identity => {
  checkRight(parts.store.entities, ctx.state.identity, right, path);
  return ctx.state.identity;
};

const list = (parts: ApiParts, ctx: Context, namespace: string, inPackage?: string): void => {
  const { skip, limit, count } = listQuery(ctx, 'actions');
  const query = { namespace, type: 'action' as const, ...(inPackage !== undefined && { package: inPackage }) };
  const { entities } = parts.store;
  if (count) sendJson(ctx, 200, countBody('actions', entities.count(query), skip));
  else sendJson(ctx, 200, (entities.list(query, { skip, limit }) as ActionDoc[]).map(actionSummary));
};

const listAll = (parts: ApiParts, ctx: Context): void => list(parts, ctx, ownNamespace(ctx));

const listPackage = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const view = readPackage(parts.store.entities, ctx.state.identity, path);
  const [namespace, name] = (view.provider?.path ?? view.path).split('/') as [string, string];
  list(parts, ctx, namespace, name);
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  authorize(parts, ctx, 'READ', path);
  const withCode = booleanQuery(ctx, 'code', true);
  const action = parts.resolve(path);
  const code = withCode ? parts.store.entities.code(action.path) : undefined;
  sendJson(ctx, 200, {
    ...actionJson(action.doc, code, action.parameters),
    ...(!withCode && action.binding !== undefined && { binding: action.binding }),
  });
};

const readExec = (parts: ApiParts, identity: Identity, body: ActionPut): ParsedExec | undefined => {
  if (!isObject(body.exec)) return undefined;
  const parsed = parseExec(body.exec as JsonObject, identity.namespace, parts.runtimes);
  const size = execSize(parsed);
  if (size > parts.limits.code) throw new HttpError(413, entityText.tooLarge('exec', size, parts.limits.code));
  return parsed;
};

/** What may be stored: components readable, kind allowed and not deprecated. Throws 400, 403, 404. */
const checkExec = (
  parts: ApiParts,
  identity: Identity,
  path: string,
  exec: ActionDoc['exec'],
  given: boolean,
): void => {
  if ('components' in exec) {
    if (!given) return;
    for (const component of exec.components) {
      checkRight(parts.store.entities, identity, 'READ', pathOf(parseReference(component, identity.namespace)));
    }
    checkSequence(parts.resolve, path, exec.components, parts.limits.sequenceLength);
    return;
  }
  checkKind(identity, exec.kind);
  if (parts.runtimes.kind(exec.kind)?.deprecated) throw new HttpError(400, text.kindDeprecated(exec.kind));
};

const put = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const { path, namespace, name } = targetOf(ctx);
  const identity = authorize(parts, ctx, 'PUT', path);
  checkOwnPackage(parts, path);
  const { entities } = parts.store;
  const before = entities.get(path)?.rev;
  const body = validate<ActionPut>(actionPut, await readJson(ctx));
  const parsed = readExec(parts, identity, body);
  const stored = putTarget(entities, ctx, path, 'action');
  const limits = parseLimits(body.limits ?? {}, stored?.doc.limits, identity.limits);
  const exec = parsed?.exec ?? stored?.doc.exec;
  if (exec) checkExec(parts, identity, path, exec, parsed !== undefined);
  const clear = applyActionPut(stored?.doc, { namespace, name, body, parsed, limits, now: parts.clock.now() });
  checkSizes(identity.limits, clear);
  const doc = { ...clear, parameters: parts.cipher.lock(clear.parameters) };
  commit(entities, [{ path, rev: before, doc, ...(parsed && { code: parsed.code ?? null }) }]);
  parts.actionChanged(path);
  sendJson(ctx, 200, actionJson(doc, entities.code(path)));
};

const remove = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  authorize(parts, ctx, 'DELETE', path);
  checkOwnPackage(parts, path);
  const { entities } = parts.store;
  const { doc, rev } = requireEntity(entities, path, 'action');
  const code = entities.code(path);
  commit(entities, [{ path, rev, doc: undefined }]);
  parts.actionChanged(docPath(doc));
  sendJson(ctx, 200, actionJson(doc, code));
};

const invokeParameters = [
  { name: 'blocking', type: 'boolean', description: 'Wait for the result', default: false },
  { name: 'result', type: 'boolean', description: 'With blocking: answer with the result alone', default: false },
  { name: 'timeout', type: 'integer', description: 'With blocking: ms to wait', default: 60_000, minimum: 1 },
] as const;

export const actionRoutes = (parts: ApiParts): Route[] => {
  const one = (path: string, where: string): Route[] => [
    {
      method: 'post',
      path,
      summary: `Invoke an action${where}`,
      query: invokeParameters,
      body: payloadSchema,
      responses: {
        200: 'The activation, or its result',
        202: 'Accepted: the activation id',
        502: 'The action failed',
      },
      handle: ctx => invokeAction(parts, ctx, targetOf(ctx).path),
    },
    {
      method: 'get',
      path,
      summary: `Get an action${where}`,
      query: [{ name: 'code', type: 'boolean', description: 'Include the code', default: true }],
      handle: ctx => get(parts, ctx),
    },
    {
      method: 'put',
      path,
      summary: `Create or update an action${where}`,
      query: [overwriteParameter],
      body: actionPut,
      handle: ctx => put(parts, ctx),
    },
    { method: 'delete', path, summary: `Delete an action${where}`, handle: ctx => remove(parts, ctx) },
  ];
  return [
    ...one('/:namespace/actions/:name', ''),
    ...one('/:namespace/actions/:package/:name', ' in a package'),
    {
      method: 'get',
      path: '/:namespace/actions{/}',
      summary: 'List actions',
      query: listParameters,
      handle: ctx => listAll(parts, ctx),
    },
    {
      method: 'get',
      path: '/:namespace/actions/:name/',
      summary: 'List the actions of a package',
      query: listParameters,
      handle: ctx => listPackage(parts, ctx),
    },
  ];
};
