import Koa from 'koa';
import type { ApiParts } from '../api/parts.js';
import { createApis } from '../gateway/apis.js';
import { createReplyCache } from '../gateway/cache.js';
import { cachePrefix } from '../gateway/cached.js';
import { managementActions } from '../gateway/management-web.js';
import { gatewayCalls } from '../gateway/middleware.js';
import { createRateLimit } from '../gateway/rate-limit.js';
import { gatewayError } from '../gateway/reply.js';
import { createGateway } from '../gateway/serve.js';
import { createSubscriptions } from '../gateway/subscriptions.js';
import { v2Routes } from '../gateway/v2.js';
import type { Identities } from '../invocation/identity.js';
import type { Logger } from '../log.js';
import { gateway as text } from '../messages.js';
import { createForwarded, type Forwarded } from '../web/forwarded.js';
import { webActions } from '../web/middleware.js';
import { createWeb } from '../web/run.js';
import { writeReply } from '../web/write.js';
import { findCaller } from './middleware/authenticate.js';
import { errorReplies } from './middleware/errors.js';
import { type HostOptions, refuseForeignHosts } from './middleware/host.js';
import { refuseBadTargets } from './middleware/target.js';
import { transactions } from './middleware/transaction.js';
import { vanityHosts } from './vanity.js';

interface WebSideParts extends ApiParts {
  readonly identities: Identities;
  readonly log: Logger;
}

export interface WebSideOptions {
  readonly hosts: HostOptions;
  /** Addresses of proxies whose X-Forwarded-* headers count. */
  readonly trustProxy: string | undefined;
  /** The API gateway's own port, once it is open. */
  readonly gatewayPort: () => number | undefined;
}

/** Everything by which functions are web endpoints. Throws `UsageError` for a bad list of proxies. */
export const createWebSide = (parts: WebSideParts, options: WebSideOptions) => {
  const { documents } = parts.store;
  const forwarded = createForwarded(options.trustProxy);
  const caller = findCaller(parts.identities);
  const run = createWeb(parts);
  const cache = createReplyCache(parts.clock);
  const apis = createApis(documents, parts.clock, id => cache.forget(cachePrefix(id)));
  const subscriptions = createSubscriptions(documents);
  const gateway = createGateway({ apis, subscriptions, limit: createRateLimit(parts.clock), cache, run });

  const origin = ({ proto, host }: Forwarded): string => {
    const port = options.gatewayPort();
    return port === undefined ? `${proto}://${host}` : `http://${host.replace(/:\d+$/, '')}:${port}`;
  };
  const management = { apis, subscriptions, caller, forwarded, origin };
  const calls = gatewayCalls(gateway, apis, caller, forwarded);
  const v2 = v2Routes(management);

  /** The gateway's own port: APIs and their management, nothing else. */
  const gatewayApp = (): Koa => {
    const app = new Koa();
    app.silent = true;
    app.use(refuseBadTargets);
    app.use(transactions);
    app.use(errorReplies(parts.log));
    app.use(refuseForeignHosts(options.hosts));
    app.use(calls);
    app.use(v2);
    app.use(ctx => writeReply(ctx, gatewayError(404, text.notFound)));
    return app;
  };

  return {
    gatewayApp,
    /** For the server's own port, in this order; each leaves alone what is not its own. */
    vanity: vanityHosts(forwarded),
    layers: [managementActions(management), webActions(run, caller), calls, v2],
  };
};
