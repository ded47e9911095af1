import { remember } from '../remember.js';

/** What a container answered. */
export interface Reply {
  readonly status: number;
  /** The first `maxBody` bytes. */
  readonly body: Buffer;
  /** Bytes of the whole body. */
  readonly length: number;
  /** It says that the run printed nothing and that no sentinels follow (runtimes/README.md). */
  readonly silent: boolean;
  /** How long the run took by the container's own clock, in ms, where it says so. */
  readonly took: number | undefined;
  /** How long the connection may be used again after this, in ms of idleness; 0: not at all. */
  readonly idle: number;
}

/** `rest`: bytes at the end of the last chunk that are not the reply's. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly rest: number }
  | { readonly kind: 'noContentLength'; readonly status: number }
  | { readonly kind: 'malformed'; readonly reason: string };

/** As Node's own server and client: a head of more bytes is refused. */
const MAX_HEAD = 16 * 1024;
/** Idle time after which a connection is not trusted when the container does not say: Node's servers close after 5 s. */
const IDLE = 4_000;
/** What is taken off when it does: the container's clock began earlier. */
const IDLE_MARGIN = 1_000;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const MILLISECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
const DIGITS = /^\d{1,15}$/;
const KEEP_ALIVE = /\btimeout=(\d{1,6})\b/;
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const END = Buffer.from('\r\n\r\n');

interface Head {
  readonly status: number;
  /** Undefined: none was given. */
  readonly length: number | undefined;
  readonly silent: boolean;
  readonly took: number | undefined;
  readonly idle: number;
}

/** A head without its last line end. Returns what is wrong with it as text. A container's heads differ by the second. */
const parseHead = remember((text): Head | string => {
  const lines = text.split('\r\n');
  const start = STATUS_LINE.exec(lines[0] as string);
  if (!start) return 'the reply does not begin with an HTTP status line';
  const status = Number(start[2]);
  let length: number | undefined;
  let encoded = false;
  let connection = '';
  let silent = false;
  let took: number | undefined;
  let idle = IDLE;
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !TOKEN.test(name)) return 'the reply has a line in its head that is no header';
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length') {
      if (length !== undefined || !DIGITS.test(value)) return `the reply has a wrong Content-Length: '${value}'`;
      length = Number(value);
    } else if (name === 'transfer-encoding') encoded = true;
    else if (name === 'connection') connection = value.toLowerCase();
    else if (name === 'x-miniwhisk-sentinels') silent = value === 'none';
    else if (name === 'x-miniwhisk-took') took = MILLISECONDS.test(value) ? Number(value) : undefined;
    else if (name === 'keep-alive') {
      const seconds = KEEP_ALIVE.exec(value)?.[1];
      if (seconds !== undefined) idle = Math.max(0, Number(seconds) * 1000 - IDLE_MARGIN);
    }
  }
  if (encoded && length !== undefined) return 'the reply has both a Content-Length and a Transfer-Encoding';
  const kept = start[1] === '0' ? connection.includes('keep-alive') : !connection.includes('close');
  return { status, length, silent, took, idle: kept ? idle : 0 };
});

/** Reads one reply with a `Content-Length`, the only kind OpenWhisk takes, out of chunks cut anywhere. Keeps no chunk. */
export class ReplyReader {
  /** True once the reply's own head has come. */
  started = false;
  private gathered: Buffer | undefined;
  private head: Head | undefined;
  private body: Buffer | undefined;
  private expected = 0;
  private taken = 0;

  constructor(private readonly maxBody: number) {}

  /** Undefined while the reply is not whole. Nothing may be read after an outcome. */
  read(chunk: Buffer): Outcome | undefined {
    if (this.head) return this.fill(this.head, chunk);
    let bytes = this.gathered ? Buffer.concat([this.gathered, chunk]) : chunk;
    for (;;) {
      const end = bytes.indexOf(END);
      if ((end === -1 ? bytes.length : end) > MAX_HEAD) {
        return { kind: 'malformed', reason: `the reply has a head of more than ${MAX_HEAD} bytes` };
      }
      if (end === -1) {
        this.gathered = Buffer.from(bytes);
        return undefined;
      }
      const head = parseHead(bytes.toString('latin1', 0, end));
      bytes = bytes.subarray(end + END.length);
      if (typeof head === 'string') return { kind: 'malformed', reason: head };
      if (head.status === 101) return { kind: 'malformed', reason: 'the reply wants another protocol' };
      if (head.status < 200) continue;
      return this.begin(head, bytes);
    }
  }

  private begin(head: Head, bytes: Buffer): Outcome | undefined {
    this.started = true;
    if (head.length === undefined) return { kind: 'noContentLength', status: head.status };
    this.head = head;
    this.expected = head.status === 204 || head.status === 304 ? 0 : head.length;
    this.body = Buffer.allocUnsafe(Math.min(this.expected, this.maxBody));
    return this.fill(head, bytes);
  }

  private fill({ status, silent, took, idle }: Head, bytes: Buffer): Outcome | undefined {
    const body = this.body as Buffer;
    const used = Math.min(bytes.length, this.expected - this.taken);
    if (this.taken < body.length) bytes.copy(body, this.taken, 0, used);
    this.taken += used;
    if (this.taken < this.expected) return undefined;
    return {
      kind: 'reply',
      reply: { status, body, length: this.taken, silent, took, idle },
      rest: bytes.length - used,
    };
  }
}
