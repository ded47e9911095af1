import type { Throttles } from '../invocation/throttle.js';
import type { PoolStats } from '../pool/stats.js';
import { type Context, sendJson } from './context.js';

/** One GET of an operator's: what it answers, by path. */
export interface Operation {
  readonly path: string;
  /** Namespaces and names of others are in it: some user's credentials are asked for. */
  readonly private: boolean;
  handle(ctx: Context): void | Promise<void>;
}

/** Of one process there is no invoker to count: what OpenWhisk's lean controller answers (OPENWHISK.md 1.9). */
const LEAN = { invokers: {}, healthy: 0, ready: { unhealthy: '0/0' } } as const;

/** Routes for operators: OpenWhisk's own, and `/miniwhisk/v1/pool` with every container, the counters and the queue, `/miniwhisk/v1/images`, `/miniwhisk/v1/server`. */
export const operations = (parts: {
  readonly throttles: Throttles;
  readonly pool: { stats(): PoolStats };
  /** Of this run of the server. */
  readonly id: string;
  /** Every kind's image, and how far its pull is. */
  readonly images: () => Promise<object>;
}): Operation[] => [
  { path: '/invokers', private: false, handle: ctx => sendJson(ctx, 200, LEAN.invokers) },
  { path: '/invokers/healthy/count', private: false, handle: ctx => sendJson(ctx, 200, LEAN.healthy) },
  { path: '/invokers/ready', private: false, handle: ctx => sendJson(ctx, 500, LEAN.ready) },
  { path: '/activation/count', private: false, handle: ctx => sendJson(ctx, 200, parts.throttles.running()) },
  {
    path: '/miniwhisk/v1/images',
    private: true,
    handle: async ctx => sendJson(ctx, 200, await parts.images()),
  },
  // By which a command makes sure, before it sends a key, that this is the server that it means.
  { path: '/miniwhisk/v1/server', private: false, handle: ctx => sendJson(ctx, 200, { id: parts.id }) },
  { path: '/miniwhisk/v1/pool', private: true, handle: ctx => sendJson(ctx, 200, parts.pool.stats()) },
];
