import { packageOf, rootOf } from '../entities/names.js';
import { actionPut, payload as payloadSchema } from '../entities/schemas.js';
import type { ActionDoc } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { checkRight, readPackage } from '../invocation/entitlement.js';
import type { Identity } from '../invocation/identity.js';
import { executeOnly as text } from '../messages.js';
import { actionJson, putAction, removeAction } from './action-change.js';
import { invokeAction } from './action-invoke.js';
import { type Context, sendJson } from './context.js';
import { commonJson } from './entities.js';
import type { ApiParts } from './parts.js';
import { booleanQuery, countBody, listParameters, listQuery, overwriteParameter } from './query.js';
import type { Route } from './route.js';
import { ownNamespace, targetOf } from './target.js';

/** A row of the list (OPENWHISK.md 2.7). */
const actionSummary = (doc: ActionDoc): object => ({
  ...commonJson(doc),
  limits: doc.limits,
  exec: { binary: 'binary' in doc.exec && doc.exec.binary },
});

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

/**
 * Where shared packages may only be executed, an action is read in its own namespace alone. Throws 403, whether there is such
 * an action or not.
 */
const checkReadable = (parts: ApiParts, identity: Identity, path: string): void => {
  const inPackage = packageOf(path);
  if (rootOf(path) !== identity.namespace) throw new HttpError(403, text.action(inPackage ?? path));
  const provider = inPackage && readPackage(parts.store.entities, identity, inPackage).provider;
  if (provider && rootOf(provider.path) !== identity.namespace) throw new HttpError(403, text.boundAction(path));
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  checkRight(parts.store.entities, ctx.state.identity, 'READ', path);
  const withCode = booleanQuery(ctx, 'code', true);
  if (parts.executeOnly) checkReadable(parts, ctx.state.identity, path);
  const action = parts.resolve(path);
  const code = withCode ? parts.store.entities.code(action.path) : undefined;
  sendJson(ctx, 200, {
    ...actionJson(action.doc, code, action.parameters),
    ...(!withCode && action.binding !== undefined && { binding: action.binding }),
  });
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
      handle: ctx => putAction(parts, ctx),
    },
    { method: 'delete', path, summary: `Delete an action${where}`, handle: ctx => removeAction(parts, ctx) },
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
