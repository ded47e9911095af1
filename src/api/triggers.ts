import { storedParameters } from '../entities/action.js';
import { isPath } from '../entities/names.js';
import { annotationValue } from '../entities/parameters.js';
import { payload as payloadSchema, type TriggerPut, triggerPut } from '../entities/schemas.js';
import type { TriggerDoc } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { checkRight } from '../invocation/entitlement.js';
import { activeRules, fireTrigger } from '../invocation/fire.js';
import type { Invocation } from '../invocation/invocation.js';
import { requireEntity } from '../invocation/resolve.js';
import type { JsonObject } from '../json.js';
import { trigger as text } from '../messages.js';
import { checkPayloadLength, checkPayloadSize, readPayload, sendAccepted } from './action-invoke.js';
import { type Context, sendJson } from './context.js';
import { commit, commonJson } from './entities.js';
import type { ApiParts } from './parts.js';
import { putCommon, putTarget, readPut } from './put.js';
import { countBody, listParameters, listQuery, overwriteParameter } from './query.js';
import type { Route } from './route.js';
import { ownNamespace, targetOf } from './target.js';

const triggerJson = (doc: TriggerDoc): object => ({
  ...commonJson(doc),
  parameters: doc.parameters,
  limits: {},
  rules: doc.rules,
});

const list = (parts: ApiParts, ctx: Context): void => {
  const namespace = ownNamespace(ctx);
  const { skip, limit, count } = listQuery(ctx, 'triggers');
  const query = { namespace, type: 'trigger' as const };
  const { entities } = parts.store;
  if (count) sendJson(ctx, 200, countBody('triggers', entities.count(query), skip));
  else sendJson(ctx, 200, entities.list(query, { skip, limit }).map(commonJson));
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  checkRight(parts.store.entities, ctx.state.identity, 'READ', path);
  sendJson(ctx, 200, triggerJson(requireEntity(parts.store.entities, path, 'trigger').doc));
};

/** The annotation `feed` of a new trigger must be a path. Throws 400. */
const checkFeed = ({ annotations }: TriggerDoc): void => {
  const feed = annotationValue(annotations, 'feed');
  if (feed !== undefined && !(typeof feed === 'string' && isPath(feed))) throw new HttpError(400, text.badFeed);
};

const put = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const target = targetOf(ctx);
  const { path } = target;
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'PUT', path);
  const { body, ...read } = await readPut<TriggerPut>(parts, ctx, target, triggerPut);
  const stored = putTarget(entities, target, read, 'trigger');
  const doc: TriggerDoc = {
    type: 'trigger',
    ...putCommon(target, body, stored),
    parameters: body.parameters ? storedParameters(body.parameters) : (stored?.parameters ?? []),
    ...(stored?.rules && { rules: stored.rules }),
    updated: parts.clock.now(),
  };
  if (!stored) checkFeed(doc);
  commit(entities, [{ path, rev: read.before, doc }]);
  sendJson(ctx, 200, triggerJson(doc));
};

const remove = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'DELETE', path);
  const { doc, rev } = requireEntity(entities, path, 'trigger');
  commit(entities, [{ path, rev, doc: undefined }]);
  sendJson(ctx, 200, triggerJson(doc));
};

/** Headers as one JSON object, lower-case; repeated ones joined as Node.js joins them. */
const headersOf = (ctx: Context): JsonObject =>
  Object.fromEntries(
    Object.entries(ctx.req.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );

const fire = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const { path } = targetOf(ctx);
  const { identity, transactionId, extraLogging } = ctx.state;
  const { entities } = parts.store;
  parts.throttles.fire(identity);
  checkPayloadLength(ctx, identity.limits.payload);
  checkRight(entities, identity, 'ACTIVATE', path);
  const payload = await readPayload(ctx, identity.limits.payload);
  const { doc: trigger } = requireEntity(entities, path, 'trigger');
  if (activeRules(trigger).length === 0) {
    ctx.status = 204;
    return;
  }
  const now = parts.clock.now();
  const calls: Invocation[] = [];
  const activation = fireTrigger({ trigger, firer: identity, headers: headersOf(ctx), payload, now }, call => {
    parts.throttles.invocation(identity);
    checkPayloadSize(call.size, identity.limits.payload);
    checkRight(entities, identity, 'ACTIVATE', call.actionPath);
    const action = parts.resolve(call.actionPath);
    const full = { invoker: identity, payload: call.payload, transactionId };
    parts.launch.check(action, full);
    const invocation = parts.launch.invocationOf(action, full);
    calls.push(invocation);
    return invocation.id;
  });
  const stored = extraLogging || identity.limits.storeActivations;
  await parts.launch.accept(calls, stored ? activation : undefined);
  if (stored) parts.records.write(activation);
  sendAccepted(ctx, activation.activationId);
};

export const triggerRoutes = (parts: ApiParts): Route[] => [
  {
    method: 'get',
    path: '/:namespace/triggers{/}',
    summary: 'List triggers',
    query: listParameters,
    handle: ctx => list(parts, ctx),
  },
  { method: 'get', path: '/:namespace/triggers/:name', summary: 'Get a trigger', handle: ctx => get(parts, ctx) },
  {
    method: 'put',
    path: '/:namespace/triggers/:name',
    summary: 'Create or update a trigger',
    query: [overwriteParameter],
    body: triggerPut,
    handle: ctx => put(parts, ctx),
  },
  {
    method: 'delete',
    path: '/:namespace/triggers/:name',
    summary: 'Delete a trigger',
    handle: ctx => remove(parts, ctx),
  },
  {
    method: 'post',
    path: '/:namespace/triggers/:name',
    summary: 'Fire a trigger',
    body: payloadSchema,
    responses: { 202: 'Fired: the activation id', 204: 'The trigger has no active rule' },
    handle: ctx => fire(parts, ctx),
  },
];
