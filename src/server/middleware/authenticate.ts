import type { Middleware } from 'koa';
import { header, type RequestState } from '../../api/context.js';
import { rejection } from '../../errors.js';
import type { Identities, Identity } from '../../invocation/identity.js';
import { http } from '../../messages.js';
import { remember } from '../../remember.js';

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="OpenWhisk secure realm",charset=UTF-8' };

/** `[uuid, key]` of a Basic header; undefined when there is none that can be read. */
export const basicCredentials = remember((header): readonly [string, string] | undefined => {
  const match = /^basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(header);
  if (!match) return undefined;
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
});

/** Looks an Authorization header up; undefined when it holds no valid Basic credentials. */
export const findCaller =
  (identities: Identities) =>
  (authorization: string): Identity | undefined => {
    const credentials = basicCredentials(authorization);
    return credentials && identities.authenticate(...credentials);
  };

/** Sets `ctx.state.identity`, or refuses with 401. Another scheme or undecodable Basic counts as no credentials. */
export const authenticate =
  (identities: Identities): Middleware =>
  (ctx, next) => {
    const credentials = basicCredentials(header(ctx, 'authorization'));
    if (!credentials) throw rejection(401, http.authMissing, CHALLENGE);
    const identity = identities.authenticate(...credentials);
    if (!identity) throw rejection(401, http.authInvalid, CHALLENGE);
    (ctx.state as RequestState).identity = identity;
    return next();
  };
