import type { Socket } from 'node:net';
import { remember } from '../../remember.js';

type Headers = Readonly<Record<string, string>>;

/** A request, and how many of the bytes are its own. */
export interface Taken {
  readonly method: string;
  /** The target as it came. */
  readonly url: string;
  /** Names in lower case, none twice. */
  readonly headers: Headers;
  readonly body: Buffer;
  readonly length: number;
}

const END = Buffer.from('\r\n\r\n');
/** Lines of printable characters that begin with one: nothing that two readers could understand in two ways. */
const PLAIN = /^[!-~][\t -~]*(?:\r\n[!-~][\t -~]*)*$/;
const START = /^(GET|POST|PUT|DELETE) (\/[!-~]*) HTTP\/1\.1$/;
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const LENGTH = /^\d{1,9}$/;
/** Bytes of a request whose end is waited for; a socket gives as many at once. */
const MOST = 64 * 1024;
/** With these there is more to a request than to read it and answer it. */
const SPECIAL = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer', 'te', 'proxy-connection']);

/** As many as node takes. */
const MOST_HEADERS = 1000;

/** A text of its own: a piece of another one would keep the whole head in memory as long as anybody keeps the piece. */
const own = (piece: string): string => Buffer.from(piece, 'latin1').toString('latin1');

const parseHeaders = (lines: readonly string[]): Headers | undefined => {
  if (lines.length > MOST_HEADERS) return undefined;
  const headers: Record<string, string> = {};
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] as string;
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    if (!TOKEN.test(name) || name in headers || SPECIAL.has(name)) return undefined;
    headers[name] = own(line.slice(colon + 1).trim());
  }
  return Object.freeze(headers);
};

interface Head {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Bytes of the body. */
  readonly stated: number;
}

const parseHead = remember((text): Head | undefined => {
  if (!PLAIN.test(text)) return undefined;
  const lines = text.split('\r\n');
  const start = START.exec(lines[0] as string);
  const headers = start && parseHeaders(lines);
  if (headers?.host === undefined) return undefined;
  const { connection = 'keep-alive', 'content-length': stated = '0' } = headers;
  if (connection.toLowerCase() !== 'keep-alive' || !LENGTH.test(stated)) return undefined;
  return { method: start?.[1] as string, url: own(start?.[2] as string), headers, stated: Number(stated) };
});

/**
 * The request that these bytes begin with, if it is plain and its path begins with `prefix`; `cut` when only the end of its
 * body has not come. Undefined for anything else, which a real parser has to read or refuse.
 */
export const takeRequest = (bytes: Buffer, prefix: string): Taken | 'cut' | undefined => {
  const end = bytes.indexOf(END);
  if (end === -1) return undefined;
  const head = parseHead(bytes.toString('latin1', 0, end));
  if (!head?.url.startsWith(prefix)) return undefined;
  const { method, url, headers, stated } = head;
  const from = end + END.length;
  const length = from + stated;
  if (length > bytes.length) return length > MOST ? undefined : 'cut';
  return { method, url, headers, body: bytes.subarray(from, length), length };
};

/** As much of node's `IncomingMessage` as koa and the REST API look at. */
export class WholeRequest {
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly complete = true;
  readonly errored = null;
  readonly method: string;
  /** Koa writes it when a path is rewritten. */
  url: string;
  readonly headers: Headers;
  /** The body, which has come already. */
  readonly whole: Buffer;

  constructor(
    { method, url, headers, body }: Taken,
    readonly socket: Socket,
  ) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.whole = body;
  }
}
