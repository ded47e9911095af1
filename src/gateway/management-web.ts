import type { Middleware } from 'koa';
import type { Context } from '../api/context.js';
import { HttpError } from '../errors.js';
import type { JsonObject } from '../json.js';
import { web as webText } from '../messages.js';
import { parseAddress, WEB_PREFIX } from '../web/address.js';
import { mergedArguments } from '../web/arguments.js';
import { decodeBody } from '../web/body.js';
import { corsHeaders } from '../web/cors.js';
import type { Forwarded, ReadForwarded } from '../web/forwarded.js';
import { type FindCaller, wantsWebSocket } from '../web/middleware.js';
import { parseQuery } from '../web/query.js';
import type { WebReply } from '../web/reply.js';
import { type WebRequest, webRequest } from '../web/request.js';
import { webError } from '../web/run.js';
import { transcode } from '../web/transcode.js';
import { writeReply } from '../web/write.js';
import { createApi, deleteApi, getApi, type ManagementAction, type ManagementParts } from './management.js';
import { ManagementError } from './management-error.js';
import { MANAGEMENT_PACKAGE, type ManagementName } from './management-package.js';

const PREFIX = `${MANAGEMENT_PACKAGE}/`;

const BY_NAME: Record<ManagementName, ManagementAction> = { createApi, getApi, deleteApi };
const ACTIONS: ReadonlyMap<string, ManagementAction> = new Map(Object.entries(BY_NAME));

/** Parameters the package would bind in OpenWhisk; its actions are `final`. */
const LOCKED: ReadonlySet<string> = new Set(['gwUrlV2']);

export interface ManagementWeb extends ManagementParts {
  readonly caller: FindCaller;
  readonly forwarded: ReadForwarded;
  /** The origin APIs are served at, as the client of this request sees it. */
  readonly origin: (forwarded: Forwarded) => string;
}

/** What the action would return as an HTTP response: the value, or 502 and the reason. */
const perform = (
  action: ManagementAction,
  parts: ManagementWeb,
  ctx: Context,
  request: WebRequest,
  args: JsonObject,
) => {
  const headers = { 'Content-Type': 'application/json' };
  try {
    const origin = parts.origin(parts.forwarded(ctx.req));
    return { statusCode: 200, headers, body: action(parts, { args, caller: request.user, origin }) };
  } catch (error) {
    if (error instanceof ManagementError) return { statusCode: 502, headers, body: { error: error.message } };
    throw error;
  }
};

const answer = async (
  action: ManagementAction,
  parts: ManagementWeb,
  ctx: Context,
  request: WebRequest,
): Promise<WebReply> => {
  const cors = corsHeaders(request.headers['access-control-request-headers']);
  if (request.method === 'OPTIONS') return { status: 200, headers: cors };
  try {
    const body = decodeBody(await request.body(), request.headers['content-type'], false);
    const context = { method: '', headers: {}, path: '', user: undefined };
    const { value } = mergedArguments(context, parseQuery(request.query), body, LOCKED);
    const reply = transcode(request.address.extension, perform(action, parts, ctx, request, value as JsonObject));
    return { ...reply, headers: [...cors, ...reply.headers] };
  } catch (error) {
    if (error instanceof HttpError) return webError(error, request.transactionId, cors);
    throw error;
  }
};

/** `/whisk.system/apimgmt/{createApi,getApi,deleteApi}`, answered here as the web actions of OpenWhisk would (6.1). */
export const managementActions =
  (parts: ManagementWeb): Middleware =>
  async (koa, next) => {
    const ctx = koa as unknown as Context;
    if (!ctx.path.startsWith(WEB_PREFIX + PREFIX)) return next();
    const address = parseAddress(ctx.path.slice(WEB_PREFIX.length));
    const action = address && ACTIONS.get(address.path.slice(PREFIX.length));
    if (!address || !action) return next();
    if (wantsWebSocket(ctx)) {
      writeReply(ctx, webError(new HttpError(400, webText.noWebSockets), ctx.state.transactionId, []));
      return;
    }
    writeReply(ctx, await answer(action, parts, ctx, { ...webRequest(ctx, parts.caller), address }));
  };
