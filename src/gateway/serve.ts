import { gateway as text } from '../messages.js';
import type { Forwarded } from '../web/forwarded.js';
import { parseQuery } from '../web/query.js';
import type { WebReply } from '../web/reply.js';
import type { WebRequest } from '../web/request.js';
import type { RunWeb } from '../web/run.js';
import type { Apis } from './apis.js';
import type { ReplyCache } from './cache.js';
import { cached } from './cached.js';
import type { Operation, Resource } from './compile.js';
import type { RateLimit } from './rate-limit.js';
import { gatewayError, withCors } from './reply.js';
import { checkSecurity } from './security.js';
import type { Subscriptions } from './subscriptions.js';

export interface GatewayParts {
  readonly apis: Apis;
  readonly subscriptions: Subscriptions;
  readonly limit: RateLimit;
  readonly cache: ReplyCache;
  readonly run: RunWeb;
}

/** A call of an API. */
export interface GatewayRequest {
  readonly tenant: string;
  /** What follows the tenant in the URL, as sent: empty, or from a slash on. */
  readonly path: string;
  /** Path and query of the URL as the client has it. */
  readonly url: string;
  readonly forwarded: Forwarded;
  readonly web: Omit<WebRequest, 'address'>;
}

const decoded = (segment: string): string => {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** The part of a path after its first `depth` segments, as sent. */
const remainder = (path: string, depth: number): string => {
  let at = 0;
  for (let i = 0; i < depth; i++) {
    const next = path.indexOf('/', at + 1);
    if (next < 0) return '';
    at = next;
  }
  return path.slice(at);
};

/** Headers by which the action learns how the gateway was called (OPENWHISK.md 6.4). */
const forwardingHeaders = ({ forwarded, url, web }: GatewayRequest): Record<string, string> => ({
  'x-forwarded-url': `${forwarded.proto}://${forwarded.host}${url}`,
  'x-forwarded-for': forwarded.chain,
  'x-forwarded-host': forwarded.host.replace(/:\d+$/, ''),
  'x-forwarded-port': forwarded.port,
  'x-forwarded-proto': forwarded.proto,
  'x-real-ip': forwarded.address,
  'x-request-id': web.transactionId,
});

/** The web request an operation stands for. Undefined when its target is no web action. */
const webRequestOf = (request: GatewayRequest, operation: Operation, rest: string): WebRequest | undefined => {
  const { target, inserts, method } = operation;
  if (target.kind !== 'web') return undefined;
  const headers = { ...request.web.headers, ...forwardingHeaders(request) };
  let { query } = request.web;
  for (const { where, name, value } of inserts) {
    if (where === 'header') headers[name.toLowerCase()] = value;
    else query += `${query === '' ? '' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  const address = { ...target.address, rest: target.address.rest + (target.wholePath ? request.path : rest) };
  return { ...request.web, method, address, headers, query };
};

const preflight = ({ web }: GatewayRequest): WebReply => {
  const asked = web.headers['access-control-request-headers'];
  return { status: 200, headers: asked === undefined ? [] : [['Access-Control-Allow-Headers', asked]] };
};

/** Serves calls of APIs: route, CORS, security, rate limit, cache, then the web action, in this process. */
export const createGateway = (parts: GatewayParts) => {
  const call = async (request: GatewayRequest, resource: Resource, rest: string): Promise<WebReply> => {
    const { web } = request;
    const { api, operations } = resource;
    if (web.method === 'OPTIONS' && api.cors === true) return preflight(request);
    const operation = operations.get(web.method);
    if (!operation) return gatewayError(404, text.verbUnsupported);
    const verdict = checkSecurity(
      api,
      { headers: web.headers, query: () => parseQuery(web.query) },
      parts.subscriptions,
    );
    if ('refusal' in verdict) return verdict.refusal;
    const { key = '' } = verdict;
    if (api.spacing !== undefined && !parts.limit(`${api.id} ${key}`, api.spacing)) {
      return gatewayError(429, text.rateLimited);
    }
    const target = webRequestOf(request, operation, rest);
    if (!target)
      return gatewayError(502, text.badTarget(operation.target.kind === 'unknown' ? operation.target.url : ''));
    if (!operation.cache) return parts.run(target);
    const place = { api: api.id, caller: key, rule: operation.cache, method: web.method, url: request.path };
    return cached(parts.cache, place, target, () => parts.run(target));
  };

  return async (given: GatewayRequest): Promise<WebReply> => {
    const request = given.path.includes('//') ? { ...given, path: given.path.replace(/\/{2,}/g, '/') } : given;
    const segments = request.path === '' ? [] : request.path.slice(1).split('/').map(decoded);
    const match = parts.apis.find(request.tenant, segments);
    if (!match) return gatewayError(404, text.notFound);
    const reply = await call(request, match.value, remainder(request.path, match.depth));
    return withCors(reply, match.value.api.cors, request.web.headers['origin']);
  };
};

export type Gateway = ReturnType<typeof createGateway>;
