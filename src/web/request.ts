import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { contentLength, readBody } from '../api/body.js';
import { type Context as ApiContext, header, type RequestState } from '../api/context.js';
import type { Identity } from '../invocation/identity.js';
import type { WebAddress } from './address.js';

/** A call of a web action, however it came: by its own URL, by a vanity host, or through the API gateway. */
export interface WebRequest {
  /** Upper case. */
  readonly method: string;
  readonly address: WebAddress;
  /** Without its question mark. */
  readonly query: string;
  /** As the action gets them: lower-case names, no Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body as announced; 0 when the request does not say. */
  readonly contentLength: number;
  /** Whether a body may follow, announced or not. */
  readonly hasBody: boolean;
  /** Reads the whole body; called at most once. */
  readonly body: () => Promise<Buffer>;
  /** The authenticated caller. */
  readonly user: Identity | undefined;
  readonly transactionId: string;
  /** Store the activation whatever the namespace's setting. */
  readonly extraLogging: boolean;
}

/** Headers that describe the connection or are for the platform; actions do not get them. */
const NOT_PASSED = new Set(['content-length', 'timeout-access', 'transfer-encoding', 'x-ow-extra-logging']);

/** Headers that the server itself goes by, as node has them: an action must not be told of another caller or host. */
const AS_READ = new Set(['accept', 'authorization', 'host']);

/** Makes the last of equal names count, as OpenWhisk does; node joins them or keeps the first. */
const keepLast = (headers: Record<string, string>, { rawHeaders, httpVersionMajor }: IncomingMessage): void => {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (headers[name] === undefined || AS_READ.has(name)) continue;
    // HTTP/2 clients send the one Cookie in pieces, which node has put together.
    if (name !== 'cookie' || httpVersionMajor === 1) headers[name] = rawHeaders[i + 1] as string;
  }
};

/**
 * The request's headers as `__ow_headers`; of equal names the last counts. HTTP/2's pseudo headers are left out, its
 * authority becomes `host`.
 */
export const requestHeaders = (req: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  const entries = Object.entries(req.headers);
  for (const [name, value] of entries) {
    if (value === undefined || name.startsWith(':') || NOT_PASSED.has(name)) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  // Requests of the lane (server/lane) have no name twice, and no `rawHeaders`.
  if (req.rawHeaders?.length > 2 * entries.length) keepLast(headers, req);
  const authority = req.headers[':authority'];
  if (typeof authority === 'string' && headers['host'] === undefined) headers['host'] = authority;
  return headers;
};

/** Whether a body may follow that was not announced by its length. Over HTTP/2 it needs no header. */
const mayHaveBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined ||
  (req.httpVersionMajor === 2 && !(req as unknown as Http2ServerRequest).stream.endAfterHeaders);

/** What of a request does not depend on the address it is for. */
export const webRequest = (
  ctx: ApiContext,
  caller: (authorization: string) => Identity | undefined,
): Omit<WebRequest, 'address'> => {
  const { transactionId, extraLogging } = ctx.state as RequestState;
  const authorization = header(ctx, 'authorization');
  const length = contentLength(ctx);
  return {
    method: ctx.method,
    query: ctx.querystring,
    headers: requestHeaders(ctx.req),
    contentLength: length,
    hasBody: length > 0 || mayHaveBody(ctx.req),
    body: () => readBody(ctx.req),
    user: authorization === '' ? undefined : caller(authorization),
    transactionId,
    extraLogging,
  };
};
