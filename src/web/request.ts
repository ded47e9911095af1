import type { IncomingMessage } from 'node:http';
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

/** The request's headers as `__ow_headers`. HTTP/2's pseudo headers are left out, its authority becomes `host`. */
export const requestHeaders = (req: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (value === undefined || name.startsWith(':') || NOT_PASSED.has(name)) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  const authority = req.headers[':authority'];
  if (typeof authority === 'string' && headers['host'] === undefined) headers['host'] = authority;
  return headers;
};

/** What of a request does not depend on the address it is for. */
export const webRequest = (
  ctx: ApiContext,
  caller: (authorization: string) => Identity | undefined,
): Omit<WebRequest, 'address'> => {
  const { transactionId, extraLogging } = ctx.state as RequestState;
  const authorization = header(ctx, 'authorization');
  return {
    method: ctx.method,
    query: ctx.querystring,
    headers: requestHeaders(ctx.req),
    contentLength: contentLength(ctx),
    body: () => readBody(ctx.req),
    user: authorization === '' ? undefined : caller(authorization),
    transactionId,
    extraLogging,
  };
};
