import Router from '@koa/router';
import Koa from 'koa';
import { actionRoutes } from '../api/actions.js';
import { activationRoutes } from '../api/activations.js';
import { type Context, pathOf, sendJson } from '../api/context.js';
import { type HealthParts, readiness } from '../api/health.js';
import { apiInfo, serverInfo } from '../api/info.js';
import { namespaceRoutes } from '../api/namespaces.js';
import { operations } from '../api/operations.js';
import { packageRoutes } from '../api/packages.js';
import type { ApiParts } from '../api/parts.js';
import type { Route } from '../api/route.js';
import { ruleRoutes } from '../api/rules.js';
import { infoDocument, swaggerDocument } from '../api/swagger.js';
import { triggerRoutes } from '../api/triggers.js';
import { rejection } from '../errors.js';
import type { Identities } from '../invocation/identity.js';
import type { Logger } from '../log.js';
import { http } from '../messages.js';
import type { PoolStats } from '../pool/stats.js';
import { remember } from '../remember.js';
import { docsRouter } from './docs.js';
import { authenticate } from './middleware/authenticate.js';
import { CORS_HEADERS, restCors } from './middleware/cors.js';
import { errorReplies } from './middleware/errors.js';
import { type HostOptions, refuseForeignHosts } from './middleware/host.js';
import { refuseForeignOrigins } from './middleware/origin.js';
import { refuseBadTargets } from './middleware/target.js';
import { transactions } from './middleware/transaction.js';
import { dockerSkeleton } from './sdk.js';

export interface AppParts extends ApiParts {
  /** Whose calls are let in: names of this server, and origins of other sites' pages. */
  readonly trust: HostOptions & { readonly origins: string | undefined };
  readonly health: HealthParts;
  readonly identities: Identities;
  readonly log: Logger;
  readonly pool: { stats(): PoolStats };
  readonly images: () => Promise<object>;
  /** Of this run of the server. */
  readonly id: string;
  readonly build: { readonly date: string; readonly number: string };
}

const API = '/api/v1';
const BELOW_API = `${API}/`;
const REST = `${API}/namespaces`;

const isApi = (path: string): boolean => path === API || path.startsWith(BELOW_API);

/** Several layers as one. */
const nested =
  (layers: readonly Koa.Middleware[]): Koa.Middleware =>
  (ctx, next) => {
    const from = (i: number): Promise<unknown> => {
      const layer = layers[i];
      return layer ? Promise.resolve(layer(ctx, () => from(i + 1))) : next();
    };
    return from(0);
  };

const sendOk = (ctx: Koa.Context): void => {
  ctx.status = 200;
  ctx.type = 'text/plain; charset=UTF-8';
  ctx.body = 'OK';
};

/** All REST resources; of each the most called paths first, because a router tries them in order. */
const apiRoutes = (parts: ApiParts): Route[] => [
  ...actionRoutes(parts),
  ...activationRoutes(parts),
  ...triggerRoutes(parts),
  ...ruleRoutes(parts),
  ...packageRoutes(parts),
  ...namespaceRoutes(),
];

/** `actions` of `/guest/actions/hello`; empty where there is none. */
const collectionOf = (path: string): string => /^\/[^/]*\/([a-z]+)/.exec(path)?.[1] ?? '';

/**
 * A router for each collection: one for all of them would hold every path against a request before it takes one. What they
 * find is remembered, as the next request is mostly for the same.
 */
const restRouter = (routes: readonly Route[]): Koa.Middleware => {
  const routers = new Map<string, Router>();
  for (const { method, path, handle } of routes) {
    const collection = collectionOf(path);
    const router = routers.get(collection) ?? new Router({ prefix: REST, strict: true, sensitive: true });
    routers.set(collection, router);
    router[method](path, ctx => handle(ctx as unknown as Context));
  }
  const finder = (method: string) =>
    remember(path => {
      const router = routers.get(collectionOf(path.slice(REST.length))) ?? routers.get('');
      const layer = router?.match(path, method).pathAndMethod[0];
      return layer && { handle: layer.stack[0] as Koa.Middleware, params: layer.params(path, layer.captures(path)) };
    });
  // HEAD, which the router would answer as GET, is none of OpenWhisk's methods (OPENWHISK.md 1.1).
  const finders = new Map(['GET', 'PUT', 'POST', 'DELETE'].map(method => [method, finder(method)]));
  return (ctx, next) => {
    const found = finders.get(ctx.method)?.(pathOf(ctx));
    if (!found) return next();
    ctx['params'] = found.params;
    return found.handle(ctx, next);
  };
};

/** Everything outside the REST resources. */
const openRouter = (parts: AppParts, info: object, requireUser: Koa.Middleware): Router => {
  const router = new Router({ strict: true, sensitive: true });
  const api = apiInfo(parts.build);
  router.get('/', ctx => sendJson(ctx as unknown as Context, 200, info));
  router.get(`${API}{/}`, restCors, ctx => sendJson(ctx as unknown as Context, 200, api));
  router.get('/blackbox.tar.gz', async ctx => {
    ctx.type = 'application/gzip';
    ctx.body = await dockerSkeleton();
  });
  router.get('/ping', ctx => {
    ctx.type = 'text/plain; charset=UTF-8';
    ctx.body = 'pong';
  });
  router.get('/miniwhisk/v1/ready', ctx => readiness(parts.health)(ctx as unknown as Context));
  for (const { path, private: guarded, handle } of operations(parts)) {
    router.get(path, ctx => {
      const answer = async (): Promise<void> => handle(ctx as unknown as Context);
      return guarded ? requireUser(ctx as unknown as Koa.ParameterizedContext, answer) : answer();
    });
  }
  return router;
};

/** OPTIONS is answered for any path and any credentials (OPENWHISK.md 1.5). */
const preflight: Koa.Middleware = (ctx, next) => {
  if (ctx.method !== 'OPTIONS') return next();
  ctx.set(CORS_HEADERS);
  if (!isApi(ctx.path)) ctx.set('Access-Control-Allow-Methods', 'OPTIONS, GET, POST');
  return Promise.resolve(sendOk(ctx));
};

/** Nothing answered: 404 under the API, where credentials were checked first; 405 elsewhere. */
const noRoute: Koa.Middleware = ctx => {
  throw isApi(ctx.path)
    ? rejection(404, http.noRoute)
    : rejection(405, http.methodNotAllowed('OPTIONS'), { Allow: 'OPTIONS' });
};

/** What answers web actions and the API gateway (server/web.ts). */
export interface WebLayers {
  readonly vanity: Koa.Middleware;
  readonly layers: readonly Koa.Middleware[];
}

/** The whole order of a request, top to bottom. */
export const createApp = (parts: AppParts, web: WebLayers): Koa => {
  const app = new Koa();
  app.silent = true;
  const routes = apiRoutes(parts);
  const rest = restRouter(routes);
  const info = serverInfo(parts.limits, parts.runtimes);
  const docs = [
    docsRouter(API, swaggerDocument(routes, parts.build.number)),
    docsRouter('', infoDocument(info, parts.build.number)),
  ];
  const requireUser = authenticate(parts.identities);

  app.use(refuseBadTargets);
  app.use(transactions);
  app.use(errorReplies(parts.log));
  app.use(refuseForeignHosts(parts.trust));
  app.use(refuseForeignOrigins(parts.trust.origins));
  app.use(web.vanity);
  const resources = nested([preflight, requireUser, restCors, rest]);
  const open = [openRouter(parts, info, requireUser), ...docs];
  const others = nested([
    ...web.layers,
    preflight,
    ...open.map(router => router.routes() as unknown as Koa.Middleware),
    (ctx, next) => (isApi(pathOf(ctx)) ? requireUser(ctx, next) : next()),
  ]);
  // The most called routes go through no layer that is not for them.
  app.use((ctx, next) => (pathOf(ctx).startsWith(REST) ? resources : others)(ctx, next));
  app.use(noRoute);
  return app;
};
