import Router, { type RouterMiddleware } from '@koa/router';
import type { Context as KoaContext, Middleware } from 'koa';
import { readBody } from '../api/body.js';
import { type Context, header } from '../api/context.js';
import type { Identity } from '../invocation/identity.js';
import { isObject, type JsonObject } from '../json.js';
import { gateway as text } from '../messages.js';
import type { Forwarded, ReadForwarded } from '../web/forwarded.js';
import type { FindCaller } from '../web/middleware.js';
import { writeReply } from '../web/write.js';
import type { StoredApi } from './apis.js';
import { basePathOf, normalBasePath, stringAt } from './document.js';
import type { ManagementParts } from './management.js';
import { gatewayError } from './reply.js';
import { managedUrl, mayManage } from './tenancy.js';
import { documentFault } from './validate.js';

export interface V2Parts extends ManagementParts {
  readonly caller: FindCaller;
  readonly forwarded: ReadForwarded;
  readonly origin: (forwarded: Forwarded) => string;
}

/** A refusal of the management interface. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Call {
  readonly ctx: Context;
  readonly tenant: string;
  readonly caller: Identity;
}

type Handler = (parts: V2Parts, call: Call) => void | Promise<void>;

const send = (ctx: Context, status: number, value?: unknown): void =>
  writeReply(ctx, {
    status,
    headers: [],
    ...(value !== undefined && { type: 'application/json; charset=utf-8', body: JSON.stringify(value) }),
  });

const bodyOf = async (ctx: Context): Promise<JsonObject> => {
  const bytes = await readBody(ctx.req);
  if (bytes.length === 0) throw new Refusal(400, text.missingBody);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(value)) return value;
  } catch {}
  throw new Refusal(400, text.badBody);
};

const queryOf = (ctx: Context, name: string): string | undefined =>
  new URLSearchParams(ctx.querystring).get(name) || undefined;

const requireApi = (parts: V2Parts, { tenant }: Call, id: string): StoredApi => {
  const api = parts.apis.get(tenant, id);
  if (!api) throw new Refusal(404, text.unknownApi(id));
  return api;
};

const artifact = (parts: V2Parts, ctx: Context, { id, tenant, document }: StoredApi): object => ({
  artifact_id: id,
  managed_url: managedUrl(parts.origin(parts.forwarded(ctx.req)), tenant, basePathOf(document)),
  open_api_doc: document,
});

const putApi: Handler = async (parts, call) => {
  const { ctx, tenant, caller } = call;
  const id = ctx.params['id'];
  const existing = id === undefined ? undefined : requireApi(parts, call, id);
  const document = await bodyOf(ctx);
  const fault = documentFault(document);
  if (fault !== undefined) throw new Refusal(400, fault);
  send(ctx, 200, artifact(parts, ctx, parts.apis.save(tenant, caller.namespace, document, existing)));
};

const getApis: Handler = (parts, call) => {
  const { ctx, tenant } = call;
  const id = ctx.params['id'];
  if (id !== undefined) {
    send(ctx, 200, artifact(parts, ctx, requireApi(parts, call, id)));
    return;
  }
  const basePath = queryOf(ctx, 'basePath');
  const title = queryOf(ctx, 'title');
  const found = parts.apis
    .list(tenant, basePath === undefined ? undefined : normalBasePath(basePath))
    .filter(api => title === undefined || stringAt(api.document, 'info', 'title') === title);
  const skip = Math.max(0, Number(queryOf(ctx, 'skip') ?? 0) || 0);
  const limit = Number(queryOf(ctx, 'limit') ?? found.length) || 0;
  send(
    ctx,
    200,
    found.slice(skip, skip + Math.max(0, limit)).map(api => artifact(parts, ctx, api)),
  );
};

const removeApi: Handler = (parts, call) => {
  const id = call.ctx.params['id'];
  if (id === undefined) throw new Refusal(400, text.missingId);
  parts.apis.remove(requireApi(parts, call, id));
  parts.subscriptions.removeAll(id);
  send(call.ctx, 204);
};

const putSubscription: Handler = async (parts, call) => {
  const body = await bodyOf(call.ctx);
  for (const member of ['client_id', 'artifact_id']) {
    if (!stringAt(body, member)) throw new Refusal(400, text.missingMember(member));
  }
  const client = String(body['client_id']);
  const { id } = requireApi(parts, call, String(body['artifact_id']));
  parts.subscriptions.add(id, client, stringAt(body, 'client_secret'));
  send(call.ctx, 200, { message: text.subscribed(client, id) });
};

const artifactQuery = (parts: V2Parts, call: Call): string => {
  const id = queryOf(call.ctx, 'artifact_id');
  if (id === undefined) throw new Refusal(400, text.missingArtifact);
  return requireApi(parts, call, id).id;
};

const getSubscriptions: Handler = (parts, call) =>
  send(call.ctx, 200, parts.subscriptions.list(artifactQuery(parts, call)));

const removeSubscription: Handler = (parts, call) => {
  const client = call.ctx.params['client'];
  if (client === undefined) throw new Refusal(400, text.missingClientId);
  if (!parts.subscriptions.remove(artifactQuery(parts, call), client)) throw new Refusal(404, text.noSubscription);
  send(call.ctx, 204);
};

/** Runs a handler for a caller who may manage the tenant. */
const guarded =
  (parts: V2Parts, handler: Handler) =>
  async (koa: KoaContext): Promise<void> => {
    const ctx = koa as unknown as Context;
    try {
      const tenant = ctx.params['tenant'] as string;
      const caller = parts.caller(header(ctx, 'authorization'));
      if (!caller) throw new Refusal(401, text.unauthorized);
      if (!mayManage(parts.apis, tenant, caller)) throw new Refusal(403, text.foreignTenant(tenant));
      await handler(parts, { ctx, tenant, caller });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      writeReply(ctx, gatewayError(error.status, error.message));
    }
  };

const invalidVerb: Handler = () => {
  throw new Refusal(400, text.invalidVerb);
};

/** The gateway's management interface (OPENWHISK.md 6.4). Unlike OpenWhisk's, which has a port of its own, it asks for credentials. */
export const v2Routes = (parts: V2Parts): Middleware => {
  const router = new Router({ prefix: '/v2/:tenant', sensitive: true });
  const on = (handler: Handler) => guarded(parts, handler) as unknown as RouterMiddleware;
  router.get('/apis{/:id}', on(getApis));
  router.post('/apis{/:id}', on(putApi));
  router.put('/apis{/:id}', on(putApi));
  router.delete('/apis{/:id}', on(removeApi));
  router.all('/apis{/:id}', on(invalidVerb));
  router.get('/subscriptions', on(getSubscriptions));
  router.post('/subscriptions', on(putSubscription));
  router.put('/subscriptions', on(putSubscription));
  router.delete('/subscriptions{/:client}', on(removeSubscription));
  router.all('/subscriptions{/:client}', on(invalidVerb));
  return router.routes() as unknown as Middleware;
};
