import { applyActionPut } from '../entities/action.js';
import { execSize, type ParsedExec, parseExec } from '../entities/exec.js';
import { checkLimits, mergeLimits } from '../entities/limits.js';
import { packageOf, parseReference, pathOf } from '../entities/names.js';
import { type ActionPut, actionPut } from '../entities/schemas.js';
import type { ActionDoc, Exec } from '../entities/types.js';
import { HttpError } from '../errors.js';
import { checkKind, checkRight, checkRights } from '../invocation/entitlement.js';
import type { Identity } from '../invocation/identity.js';
import { requireEntity } from '../invocation/resolve.js';
import { checkSequence } from '../invocation/sequence-check.js';
import { isObject, type JsonObject } from '../json.js';
import { entity as entityText, action as text } from '../messages.js';
import { type Context, sendJson } from './context.js';
import { commit, commonJson } from './entities.js';
import type { ApiParts } from './parts.js';
import { putTarget, readPut } from './put.js';
import { targetOf } from './target.js';

/** The action as GET, PUT and DELETE answer with it. `code` undefined leaves it out. */
export const actionJson = (doc: ActionDoc, code: string | undefined, parameters = doc.parameters): object => ({
  ...commonJson(doc),
  exec: { ...doc.exec, ...(code !== undefined && { code }) },
  parameters,
  limits: doc.limits,
});

/** PUT and DELETE of a packaged action need the package itself to be there and to be no binding. Throws 400, 404, 409. */
const checkOwnPackage = (parts: ApiParts, path: string): void => {
  const packagePath = packageOf(path);
  if (packagePath === undefined) return;
  const { doc } = requireEntity(parts.store.entities, packagePath, 'package');
  if (doc.binding) throw new HttpError(400, text.bindingOperation);
};

const readExec = (parts: ApiParts, { namespace }: Identity, body: ActionPut): ParsedExec | undefined => {
  if (!isObject(body.exec)) return undefined;
  const parsed = parseExec(body.exec as JsonObject, namespace, parts.runtimes);
  const size = execSize(parsed);
  if (size > parts.limits.code) throw new HttpError(413, entityText.tooLarge('exec', size, parts.limits.code));
  return parsed;
};

/** What the caller may use: readable components, an allowed kind. Throws 403, 404, 409. */
const entitleExec = (parts: ApiParts, identity: Identity, exec: Exec): void => {
  if ('components' in exec) {
    const paths = exec.components.map(component => pathOf(parseReference(component, identity.namespace)));
    checkRights(parts.store.entities, identity, 'READ', paths);
  }
  checkKind(identity, exec.kind);
};

/** What can be stored: a sequence within its bounds, a kind that still lives. Throws 400. */
const checkExec = (parts: ApiParts, path: string, given: Exec | undefined, stored: Exec | undefined): void => {
  if (given && 'components' in given) {
    checkSequence(parts.resolve, path, given.components, parts.limits.sequenceLength);
    return;
  }
  const kind = (given ?? stored)?.kind;
  if (kind !== undefined && parts.runtimes.kind(kind)?.deprecated) {
    throw new HttpError(400, text.kindDeprecated(kind));
  }
};

/** PUT of an action. What is refused, and in which order, is upstream's. */
export const putAction = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const target = targetOf(ctx);
  const { path, namespace, name } = target;
  const { identity } = ctx.state;
  const { entities } = parts.store;
  checkRight(entities, identity, 'PUT', path);
  checkOwnPackage(parts, path);
  const put = await readPut<ActionPut>(parts, ctx, target, actionPut);
  const { body } = put;
  const parsed = readExec(parts, identity, body);
  checkLimits(body.limits ?? {}, identity.limits);
  if (parsed) entitleExec(parts, identity, parsed.exec);
  const stored = putTarget(entities, target, put, 'action');
  checkExec(parts, path, parsed?.exec, stored?.exec);
  const limits = mergeLimits(body.limits ?? {}, stored?.limits, identity.limits);
  const clear = applyActionPut(stored, { namespace, name, body, parsed, limits, now: parts.clock.now() });
  const doc = { ...clear, parameters: parts.cipher.lock(clear.parameters) };
  commit(entities, [{ path, rev: put.before, doc, ...(parsed && { code: parsed.code ?? null }) }]);
  parts.actionChanged(path);
  parts.actionWritten(doc);
  sendJson(ctx, 200, actionJson(doc, entities.code(path)));
};

/** DELETE of an action; answers with what was there. */
export const removeAction = (parts: ApiParts, ctx: Context): void => {
  const { path } = targetOf(ctx);
  const { entities } = parts.store;
  checkRight(entities, ctx.state.identity, 'DELETE', path);
  checkOwnPackage(parts, path);
  const { doc, rev } = requireEntity(entities, path, 'action');
  const code = entities.code(path);
  commit(entities, [{ path, rev, doc: undefined }]);
  parts.actionChanged(path);
  sendJson(ctx, 200, actionJson(doc, code));
};
