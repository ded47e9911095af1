import type { Middleware } from 'koa';
import type { Context } from '../api/context.js';
import { web as webText } from '../messages.js';
import type { ReadForwarded } from '../web/forwarded.js';
import { type FindCaller, wantsWebSocket } from '../web/middleware.js';
import { webRequest } from '../web/request.js';
import { writeReply } from '../web/write.js';
import type { Apis } from './apis.js';
import { gatewayError } from './reply.js';
import type { Gateway } from './serve.js';

/** `/api/TENANT` and what follows; `v1` is OpenWhisk's own API. */
const PATH = /^\/api\/(?!v1(?:\/|$))([^/]+)(\/.*)?$/;

/** Answers `/api/TENANT/…`. A bare `/api/TENANT` is the gateway's only when the tenant has APIs. */
export const gatewayCalls =
  (gateway: Gateway, apis: Apis, caller: FindCaller, forwarded: ReadForwarded): Middleware =>
  async (koa, next) => {
    const ctx = koa as unknown as Context;
    const match = PATH.exec(ctx.path);
    if (!match) return next();
    const [, tenant = '', path = ''] = match;
    if (path === '' && !apis.hasTenant(tenant)) return next();
    if (wantsWebSocket(ctx)) {
      writeReply(ctx, gatewayError(400, webText.noWebSockets));
      return;
    }
    const request = { tenant, path, url: ctx.url, forwarded: forwarded(ctx.req), web: webRequest(ctx, caller) };
    writeReply(ctx, await gateway(request));
  };
