import { accepts } from '../api/accept.js';
import type { ApiParts } from '../api/parts.js';
import { annotationValue } from '../entities/parameters.js';
import { HttpError } from '../errors.js';
import { checkRight } from '../invocation/entitlement.js';
import type { Identities, Identity } from '../invocation/identity.js';
import type { Finished } from '../invocation/invocation.js';
import { finalParameters } from '../invocation/launch.js';
import type { ResolvedAction } from '../invocation/resolve.js';
import { finishedWithin } from '../invocation/wait.js';
import { isObject, type Json } from '../json.js';
import { defaultText, entity as entityText, http, web as text } from '../messages.js';
import type { WebAddress } from './address.js';
import { mergedArguments, rawArguments } from './arguments.js';
import { isAuthorized, SECRET_HEADER } from './auth.js';
import { DEFAULT_TYPE, decodeBody } from './body.js';
import { corsHeaders } from './cors.js';
import { prettyJson } from './pretty.js';
import { parseQuery } from './query.js';
import type { WebReply } from './reply.js';
import type { WebRequest } from './request.js';
import { transcode } from './transcode.js';

/** What web actions are built on. */
export type WebParts = Pick<ApiParts, 'store' | 'resolve' | 'launch' | 'throttles' | 'limits' | 'clock'> & {
  readonly identities: Identities;
};

/** Answers a web request. Rejects only when the platform itself fails; refusals are replies. */
export type RunWeb = (request: WebRequest) => Promise<WebReply>;

type Headers = readonly (readonly [string, string])[];

const is = (action: ResolvedAction, annotation: string): boolean =>
  annotationValue(action.doc.annotations, annotation) === true;

const notFound = (): HttpError => new HttpError(404, defaultText[404] as string);

/** `{"error","code"}`: rejections compact and without further headers, the rest pretty. */
export const webError = (error: HttpError, transactionId: string, headers: Headers): WebReply => {
  const body = { error: error.message, code: transactionId };
  return {
    status: error.status,
    headers: error.rejection ? Object.entries(error.headers) : headers,
    type: 'application/json',
    body: error.rejection ? JSON.stringify(body) : prettyJson(body),
  };
};

/** The action an address names and whose it is. Throws 404 for whatever is wrong with it, so that nothing is told. */
const findAction = (
  parts: WebParts,
  { namespace, path }: WebAddress,
): { readonly owner: Identity; readonly action: ResolvedAction } => {
  const owner = parts.identities.owner(namespace);
  if (!owner) throw notFound();
  let action: ResolvedAction;
  try {
    action = parts.resolve(path);
  } catch (error) {
    throw error instanceof HttpError ? notFound() : error;
  }
  if (!is(action, 'web-export')) throw notFound();
  return { owner, action };
};

const tooLarge = (size: number, limit: number): HttpError =>
  new HttpError(413, entityText.requestTooLarge(size, limit));

/** Reads the body and makes the action's arguments. Throws 400, 413. */
const argumentsOf = async (request: WebRequest, owner: Identity, action: ResolvedAction) => {
  const bytes = await request.body();
  if (bytes.length > owner.limits.payload) throw tooLarge(bytes.length, owner.limits.payload);
  const raw = is(action, 'raw-http');
  const type = request.headers['content-type'];
  const body = decodeBody(bytes, type, raw);
  const context = {
    method: request.method.toLowerCase(),
    headers:
      type === undefined && bytes.length > 0 ? { ...request.headers, 'content-type': DEFAULT_TYPE } : request.headers,
    path: request.address.rest,
    user: request.user?.namespace,
  };
  const query = parseQuery(request.query);
  if (raw) return rawArguments(context, query, body);
  return mergedArguments(context, query, body, finalParameters(action.doc.annotations, action.parameters));
};

/** The answer to an activation that has ended (OPENWHISK.md 4.5). Throws 400, 404, 406. */
const outcome = (request: WebRequest, { response }: Finished, headers: Headers): WebReply => {
  const { statusCode, result } = response;
  if (statusCode > 1) throw new HttpError(400, text.failed);
  const value = (result?.value ?? {}) as Json;
  if (Array.isArray(value)) {
    return {
      status: 500,
      headers: [],
      type: 'text/plain; charset=UTF-8',
      body: defaultText[500] as string,
      bare: true,
    };
  }
  const projected = statusCode === 1 && isObject(value) ? (value['error'] as Json) : value;
  const reply = transcode(request.address.extension, projected);
  // As OpenWhisk's HTTP library has it: only what did not fail is negotiated.
  if (reply.type !== undefined && reply.status < 400 && !accepts(request.headers['accept'], reply.type)) {
    throw new HttpError(406, http.notAcceptable(reply.type), { rejection: true });
  }
  return { ...reply, headers: [...headers, ...reply.headers] };
};

/** Web actions: every check in OpenWhisk's order (OPENWHISK.md 4.2), then the invocation, then the response. */
export const createWeb = (parts: WebParts): RunWeb => {
  const invoke = async (request: WebRequest, owner: Identity, action: ResolvedAction, cors: Headers) => {
    const payload = await argumentsOf(request, owner, action);
    const call = {
      invoker: owner,
      payload,
      transactionId: request.transactionId,
      alwaysStore: request.extraLogging,
    };
    parts.launch.check(action, call);
    const { id, finished } = parts.launch.start(action, call);
    const done = await finishedWithin(parts.clock, finished, parts.limits.blockingWait);
    const headers: Headers = [...cors, ['x-openwhisk-activation-id', id]];
    try {
      if (!done) {
        await parts.launch.keep(id);
        throw new HttpError(202, text.notReady);
      }
      return outcome(request, done, headers);
    } catch (error) {
      if (error instanceof HttpError) return webError(error, request.transactionId, headers);
      throw error;
    }
  };

  return async request => {
    let cors: Headers = [];
    try {
      const { owner, action } = findAction(parts, request.address);
      parts.throttles.invocation(owner);
      checkRight(parts.store.entities, owner, 'ACTIVATE', action.path);
      if (request.contentLength > owner.limits.payload) throw tooLarge(request.contentLength, owner.limits.payload);
      const delegates = is(action, 'web-custom-options');
      const options = request.method === 'OPTIONS';
      if (!delegates) cors = corsHeaders(request.headers['access-control-request-headers']);
      if (options && !delegates) return { status: 200, headers: cors };
      const open = options && delegates;
      const secret = request.headers[SECRET_HEADER];
      if (!open && !isAuthorized(action.doc.annotations, secret, request.user !== undefined)) {
        throw new HttpError(401, defaultText[401] as string);
      }
      return await invoke(request, owner, action, cors);
    } catch (error) {
      if (error instanceof HttpError) return webError(error, request.transactionId, cors);
      throw error;
    }
  };
};
