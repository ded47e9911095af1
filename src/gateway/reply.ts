import { gateway as text } from '../messages.js';
import type { WebReply } from '../web/reply.js';

/** An answer of the gateway's own: `{"status","message"}` (OPENWHISK.md 6.4). */
export const gatewayError = (status: number, message: string): WebReply => ({
  status,
  headers: [],
  type: 'application/json; charset=utf-8',
  body: JSON.stringify({ status, message: text.error(message) }),
});

const METHODS = 'GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS';

/** Set by the gateway where an API allows CORS, whatever the web action says. */
const ALLOWED = new Set([
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-credentials',
]);

/** Taken off where an API forbids CORS. */
const ALL = new Set([
  ...ALLOWED,
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]);

/** The reply with the API's own CORS headers. `origin` is the request's. An API that says nothing leaves it as it is. */
export const withCors = (reply: WebReply, cors: boolean | undefined, origin: string | undefined): WebReply => {
  if (cors === undefined) return reply;
  const dropped = cors ? ALLOWED : ALL;
  const headers = reply.headers.filter(([name]) => !dropped.has(name.toLowerCase()));
  if (!cors) return { ...reply, headers };
  return {
    ...reply,
    headers: [
      ...headers,
      ['Access-Control-Allow-Origin', origin ?? '*'],
      ['Access-Control-Allow-Methods', METHODS],
      ['Access-Control-Allow-Credentials', 'true'],
    ],
  };
};
