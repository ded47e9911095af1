import type { IncomingMessage } from 'node:http';
import { rejection } from '../errors.js';
import { type Json, MAX_NESTING, nestsTooDeep } from '../json.js';
import { http } from '../messages.js';
import { type Context, header } from './context.js';
import { jsonErrorDetail } from './json-error.js';

/** Bytes of a request's body at most (OpenWhisk: pekko's max-content-length, OPENWHISK.md 1.1). */
export const MAX_BODY = 50 * 1024 * 1024;

/** A request whose body came with it (server/lane/request.ts). */
interface Whole {
  readonly whole: Buffer;
}

/** Reads the whole body. Throws 400 when it is too long or the sender breaks off. */
export const readBody = (req: IncomingMessage | Whole, limit = MAX_BODY): Promise<Buffer> =>
  'whole' in req ? readWhole(req, limit) : readStream(req, limit);

const readWhole = ({ whole }: Whole, limit: number): Promise<Buffer> =>
  whole.length > limit ? Promise.reject(rejection(400, http.bodyTooLarge)) : Promise.resolve(whole);

const readStream = (req: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        req.pause();
        reject(rejection(400, http.bodyTooLarge));
      } else chunks.push(chunk);
    });
    req.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)));
    // Every request is closed once; an error is made only for those that were not read to their end.
    const broken = (): void => {
      if (!req.complete || req.errored !== null) reject(rejection(400, http.truncatedBody));
    };
    req.on('error', broken);
    req.on('close', broken);
  });

/** Parses JSON as OpenWhisk does. Throws 400 malformed with upstream's detail. */
export const parseJson = (text: string): Json => {
  if (nestsTooDeep(text)) throw rejection(400, http.malformed(http.nestedTooDeeply(MAX_NESTING)));
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw rejection(400, http.malformed(jsonErrorDetail(text)));
  }
};

const checkJsonType = (ctx: Context): void => {
  const type = header(ctx, 'content-type');
  if (/^application\/json\s*(;|$)/i.test(type.trim())) return;
  throw rejection(415, http.unsupportedType(type === '' ? 'application/octet-stream' : type));
};

/** The body of a PUT: JSON is required. Throws 400, 415. */
export const readJson = async (ctx: Context): Promise<Json> => {
  const bytes = await readBody(ctx.req);
  if (bytes.length > 0 || header(ctx, 'content-type') !== '') checkJsonType(ctx);
  return parseJson(bytes.toString('utf8'));
};

/** The value of a POST's body, and its text; undefined when there is none. Throws 400, 415. */
export const optionalJson = (ctx: Context, bytes: Buffer): { text: string; value: Json } | undefined => {
  if (bytes.length === 0) return undefined;
  checkJsonType(ctx);
  const text = bytes.toString('utf8').trim();
  return { text, value: parseJson(text) };
};

/** Content-Length, or 0 when the request does not say. */
export const contentLength = (ctx: Context): number => Number(header(ctx, 'content-length')) || 0;
