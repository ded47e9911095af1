import { docPath, parseReference, pathOf, rootOf } from '../entities/names.js';
import { type RulePut, type RuleStatusBody, rulePut, ruleStatus } from '../entities/schemas.js';
import type { EntityDoc, EntityRef, RuleDoc, RuleStatus, TriggerDoc } from '../entities/types.js';
import { validate } from '../entities/validate.js';
import { HttpError, rejection } from '../errors.js';
import { checkRight, checkRights } from '../invocation/entitlement.js';
import type { Identity } from '../invocation/identity.js';
import { requireEntity } from '../invocation/resolve.js';
import type { Json } from '../json.js';
import { entity as entityText, http, rule as text } from '../messages.js';
import { CorruptDocument, type EntityWrite, type Stored } from '../store/store.js';
import { readJson } from './body.js';
import { type Context, sendJson } from './context.js';
import { commit, commonJson } from './entities.js';
import type { ApiParts } from './parts.js';
import { putCommon, putTarget, readPut } from './put.js';
import { countBody, listParameters, listQuery, overwriteParameter } from './query.js';
import type { Route } from './route.js';
import { ownNamespace, targetOf } from './target.js';

/** A rule without its status, as lists show it. */
const summary = (doc: RuleDoc): object => ({ ...commonJson(doc), trigger: doc.trigger, action: doc.action });

const ruleJson = (doc: RuleDoc, status: RuleStatus): object => ({ ...summary(doc), status });

/** The trigger a rule hangs on, while there is one. */
const triggerOf = (parts: ApiParts, ref: EntityRef): Stored<TriggerDoc> | undefined => {
  const found = parts.store.entities.get(pathOf(ref));
  return found?.doc.type === 'trigger' ? (found as Stored<TriggerDoc>) : undefined;
};

/** The status lives in the trigger; a rule without trigger is inactive. */
const statusOf = (parts: ApiParts, doc: RuleDoc): RuleStatus =>
  triggerOf(parts, doc.trigger)?.doc.rules?.[docPath(doc)]?.status ?? 'inactive';

/** The write that links a rule into its trigger, or takes it out (`link` undefined). */
const linkWrite = (
  trigger: Stored<TriggerDoc>,
  rule: string,
  link: { action: EntityRef; status: RuleStatus } | undefined,
  now: number,
): EntityWrite => {
  const { [rule]: _old, ...others } = trigger.doc.rules ?? {};
  const rules = link ? { ...others, [rule]: link } : others;
  return { path: docPath(trigger.doc), rev: trigger.rev, doc: { ...trigger.doc, rules, updated: now } };
};

const list = (parts: ApiParts, ctx: Context): void => {
  const namespace = ownNamespace(ctx);
  const { skip, limit, count } = listQuery(ctx, 'rules');
  const query = { namespace, type: 'rule' as const };
  const { entities } = parts.store;
  if (count) sendJson(ctx, 200, countBody('rules', entities.count(query), skip));
  else sendJson(ctx, 200, (entities.list(query, { skip, limit }) as RuleDoc[]).map(summary));
};

const get = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  checkRight(parts.store.entities, ctx.state.identity, 'READ', path);
  const { doc } = requireEntity(parts.store.entities, path, 'rule');
  sendJson(ctx, 200, ruleJson(doc, statusOf(parts, doc)));
};

const wrongType = (found: EntityDoc, expected: string): HttpError => {
  const type = `Whisk${found.type[0]?.toUpperCase()}${found.type.slice(1)}`;
  return new HttpError(400, text.wrongType(type, expected));
};

/** Both references at once: the trigger is the namespace's own, the action may be in a package. Throws 403, 404, 409. */
const entitle = (
  parts: ApiParts,
  identity: Identity,
  trigger: EntityRef | undefined,
  action: EntityRef | undefined,
) => {
  const paths = [trigger && `${rootOf(trigger.path)}/${trigger.name}`, action && pathOf(action)];
  checkRights(
    parts.store.entities,
    identity,
    'READ',
    paths.filter(path => path !== undefined),
  );
};

/** The trigger a PUT names. Throws 400. */
const checkTrigger = (parts: ApiParts, ref: EntityRef): void => {
  const found = parts.store.entities.get(pathOf(ref));
  if (!found) throw new HttpError(400, text.triggerMissing(`/${pathOf(ref)}`));
  if (found.doc.type !== 'trigger') throw wrongType(found.doc, 'WhiskTrigger');
};

/** The action a PUT names, through a package or binding if need be. Throws 400. */
const checkAction = (parts: ApiParts, ref: EntityRef): void => {
  const path = pathOf(ref);
  try {
    parts.resolve(path);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const found = parts.store.entities.get(path)?.doc;
    throw error.status === 409 && found
      ? wrongType(found, 'WhiskActionMetaData')
      : new HttpError(400, text.actionMissing(`/${path}`));
  }
};

/** A document that cannot be read is the request's fault here, for naming it. Throws 400. */
const readable = (check: () => void): void => {
  try {
    check();
  } catch (error) {
    if (error instanceof CorruptDocument) throw new HttpError(400, entityText.corrupt);
    throw error;
  }
};

const put = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const target = targetOf(ctx);
  const { path, namespace } = target;
  const { identity } = ctx.state;
  const { entities } = parts.store;
  checkRight(entities, identity, 'PUT', path);
  const { body, ...read } = await readPut<RulePut>(parts, ctx, target, rulePut);
  const reference = (value: Json | undefined): EntityRef | undefined =>
    value === undefined ? undefined : parseReference(value, namespace);
  const given = { trigger: reference(body.trigger as Json), action: reference(body.action as Json) };
  entitle(parts, identity, given.trigger, given.action);
  const stored = putTarget(entities, target, read, 'rule');
  const trigger = given.trigger ?? stored?.trigger;
  const action = given.action ?? stored?.action;
  if (!trigger || !action) throw new HttpError(400, text.incomplete);
  readable(() => checkTrigger(parts, trigger));
  readable(() => checkAction(parts, action));

  const now = parts.clock.now();
  const status = stored ? statusOf(parts, stored) : 'active';
  const doc: RuleDoc = { type: 'rule', ...putCommon(target, body, stored), trigger, action, updated: now };
  const writes: EntityWrite[] = [{ path, rev: read.before, doc }];
  const link = triggerOf(parts, trigger);
  if (link) writes.push(linkWrite(link, path, { action, status }, now));
  if (stored && pathOf(stored.trigger) !== pathOf(trigger)) {
    const old = triggerOf(parts, stored.trigger);
    if (old) writes.push(linkWrite(old, path, undefined, now));
  }
  commit(entities, writes);
  sendJson(ctx, 200, ruleJson(doc, status));
};

const remove = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'DELETE', path);
  const { doc, rev } = requireEntity(entities, path, 'rule');
  const trigger = triggerOf(parts, doc.trigger);
  const unlink = trigger?.doc.rules?.[path] ? [linkWrite(trigger, path, undefined, parts.clock.now())] : [];
  commit(entities, [{ path, rev, doc: undefined }, ...unlink]);
  sendJson(ctx, 200, ruleJson(doc, 'inactive'));
};

const isStatus = (status: string): status is RuleStatus => status === 'active' || status === 'inactive';

const setStatus = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const { path } = targetOf(ctx);
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'ACTIVATE', path);
  const { status } = validate<RuleStatusBody>(ruleStatus, await readJson(ctx));
  if (!isStatus(status)) throw rejection(400, http.malformed(text.badStatus(status)));
  const { doc } = requireEntity(entities, path, 'rule');
  const trigger = triggerOf(parts, doc.trigger);
  if (!trigger) {
    if (status === 'active') throw new HttpError(404, text.needsTrigger);
  } else if (statusOf(parts, doc) !== status) {
    commit(entities, [linkWrite(trigger, path, { action: doc.action, status }, parts.clock.now())]);
  }
  ctx.status = 200;
  ctx.type = 'text/plain; charset=UTF-8';
  ctx.body = 'OK';
};

export const ruleRoutes = (parts: ApiParts): Route[] => [
  {
    method: 'get',
    path: '/:namespace/rules{/}',
    summary: 'List rules',
    query: listParameters,
    handle: ctx => list(parts, ctx),
  },
  { method: 'get', path: '/:namespace/rules/:name', summary: 'Get a rule', handle: ctx => get(parts, ctx) },
  {
    method: 'put',
    path: '/:namespace/rules/:name',
    summary: 'Create or update a rule',
    query: [overwriteParameter],
    body: rulePut,
    handle: ctx => put(parts, ctx),
  },
  { method: 'delete', path: '/:namespace/rules/:name', summary: 'Delete a rule', handle: ctx => remove(parts, ctx) },
  {
    method: 'post',
    path: '/:namespace/rules/:name',
    summary: 'Enable or disable a rule',
    body: ruleStatus,
    handle: ctx => setStatus(parts, ctx),
  },
];
