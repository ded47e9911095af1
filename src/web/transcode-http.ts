import { validateHeaderName, validateHeaderValue } from 'node:http';
import { contentKind, contentTypeHeader, type MediaType, parseMediaType } from '../api/media-type.js';
import { isBinaryCode } from '../entities/exec.js';
import { HttpError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import { web as text } from '../messages.js';
import { prettyJson } from './pretty.js';
import type { WebReply } from './reply.js';

/** Headers that are the server's to set; an action's are dropped. */
const SERVERS_OWN = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'server',
  'transfer-encoding',
  'upgrade',
]);

/** Statuses that have no entity, whatever the action gives. */
const NO_ENTITY = new Set([204, 205, 304]);

const invalid = (): HttpError => new HttpError(400, text.notValid('message/http'));

/** An integer or its text, 200 to 599; undefined when absent. Throws 400. */
const statusOf = (value: Json | undefined): number | undefined => {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && !/^[+-]?\d{1,9}$/.test(value)) throw invalid();
  const code = typeof value === 'string' ? Number(value) : value;
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 200 || code > 599) throw invalid();
  return code;
};

/** Header values travel as bytes; what is beyond Latin-1 goes out as UTF-8. */
const headerText = (value: string): string =>
  /^[\0-\xff]*$/.test(value) ? value : Buffer.from(value).toString('latin1');

const addHeader = (headers: [string, string][], name: string, value: Json): void => {
  if (Array.isArray(value)) {
    for (const item of value) addHeader(headers, name, item);
    return;
  }
  if (typeof value === 'object') throw invalid();
  const content = headerText(String(value));
  try {
    validateHeaderName(name);
    validateHeaderValue(name, content);
  } catch {
    throw invalid();
  }
  headers.push([name, content]);
};

const headersOf = (value: Json | undefined): [string, string][] => {
  if (value === undefined) return [];
  if (!isObject(value)) throw invalid();
  const headers: [string, string][] = [];
  for (const [name, content] of Object.entries(value)) addHeader(headers, name, content);
  return headers.filter(([name]) => !SERVERS_OWN.has(name.toLowerCase()));
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Base64 with or without its padding; anything else is undefined. */
const fromBase64 = (body: string): Buffer | undefined => {
  if (!BASE64.test(body)) return undefined;
  const padded = body.endsWith('=');
  if (padded ? body.length % 4 !== 0 : body.length % 4 === 1) return undefined;
  return Buffer.from(body, 'base64');
};

const mismatch = (): HttpError => new HttpError(400, text.typeMismatch);

/** A string body: text as it is, binary from base64, JSON either way (kept by OpenWhisk for old actions). */
const stringEntity = (body: string, type: MediaType): Pick<WebReply, 'type' | 'body'> => {
  const kind = contentKind(type);
  const header = contentTypeHeader(type);
  if (kind === 'text') return { type: header, body };
  const decoded = kind === 'binary' || isBinaryCode(body) ? fromBase64(body) : undefined;
  if (kind === 'binary' && decoded === undefined) throw mismatch();
  return { type: header, body: decoded ?? body };
};

const jsonEntity = (body: Json, type: MediaType): Pick<WebReply, 'type' | 'body'> => {
  if (contentKind(type) !== 'json') throw mismatch();
  return { type: contentTypeHeader(type), body: prettyJson(body) };
};

/** The `.http` extension: `{statusCode?, headers?, body?}` (OPENWHISK.md 4.6). Throws 400. */
export const transcodeHttp = (result: Json): WebReply => {
  if (!isObject(result)) throw invalid();
  const all = headersOf(result['headers']);
  const status = statusOf(result['statusCode']);
  const isType = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'content-type';
  const headers = all.filter(header => !isType(header));
  const body = result['body'] ?? '';
  if (body === '') return { status: status ?? 204, headers };

  const declared = all.find(isType)?.[1];
  const type = parseMediaType(declared ?? (typeof body === 'string' ? 'text/html' : 'application/json'));
  if (!type) throw new HttpError(400, text.unknownType);
  const entity = typeof body === 'string' ? stringEntity(body, type) : jsonEntity(body, type);
  const code = status ?? 200;
  return NO_ENTITY.has(code) ? { status: code, headers } : { status: code, headers, ...entity };
};
