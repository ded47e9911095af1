import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { remember } from '../../remember.js';

type Value = string | number | readonly string[];

/** Replies that have no body and no length. */
const bodiless = (status: number): boolean => status === 204 || status === 304;

/** A header that is set; there are few, so that looking through all of them is quick. */
interface Field {
  readonly key: string;
  readonly value: Value;
  /** As it stands in the head. */
  readonly lines: string;
}

const linesOf = (name: string, value: Value): string => {
  if (typeof value !== 'object') {
    validateHeaderValue(name, String(value));
    return `${name}: ${value}\r\n`;
  }
  for (const one of value) validateHeaderValue(name, one);
  return value.map(one => `${name}: ${one}\r\n`).join('');
};

/** A header's name, and the place of its latest field: most replies have the same. Throws for what is no name. */
const headerOf = remember((name): { readonly key: string; field: Field | undefined } => {
  validateHeaderName(name);
  return { key: name.toLowerCase(), field: undefined };
});
const keyOf = (name: string): string => headerOf(name).key;

/** Throws for what may not stand in a head, as node does, and for what would make the body's length another. */
const fieldOf = (name: string, value: Value): Field => {
  const header = headerOf(name);
  const { key, field } = header;
  if (key === 'transfer-encoding') throw new Error('A reply that is sent at once has a length, no encoding.');
  // An array may have changed since.
  if (field?.value === value && typeof value !== 'object') return field;
  header.field = { key, value, lines: linesOf(name, value) };
  return header.field;
};

/** As much of node's `ServerResponse` as koa uses for a reply of text or bytes. It is sent at once, head and body together. */
export class WholeResponse {
  statusCode = 200;
  statusMessage = '';
  /** Headers are sent with the end. */
  get headersSent(): boolean {
    return this.writableEnded;
  }
  writableEnded = false;
  /** A reply does not wait for its socket: what comes after the peer has gone is written nowhere. */
  readonly socket = null;
  private readonly fields: Field[] = [];

  /**
   * `tail`: the last lines of a head, by whether the connection is kept. `send` is called once.
   */
  constructor(
    private readonly tail: (kept: boolean) => string,
    private readonly send: (head: string, body: string | Buffer, kept: boolean) => void,
  ) {}

  /** Throws as `fieldOf`. */
  setHeader(name: string, value: Value): this {
    const field = fieldOf(name, value);
    const at = this.indexOf(field.key);
    if (at < 0) this.fields.push(field);
    else this.fields[at] = field;
    return this;
  }

  getHeader(name: string): Value | undefined {
    return this.fields[this.indexOf(keyOf(name))]?.value;
  }

  hasHeader(name: string): boolean {
    return this.indexOf(keyOf(name)) >= 0;
  }

  removeHeader(name: string): void {
    const at = this.indexOf(keyOf(name));
    if (at >= 0) this.fields.splice(at, 1);
  }

  getHeaderNames(): string[] {
    return this.fields.map(({ key }) => key);
  }

  getHeaders(): Record<string, Value> {
    return Object.fromEntries(this.fields.map(({ key, value }) => [key, value]));
  }

  /** Koa listens for a reply that fails while it is sent; this one is sent by then. */
  on(): this {
    return this;
  }

  removeListener(): this {
    return this;
  }

  end(body: string | Buffer = ''): this {
    if (this.writableEnded) return this;
    this.writableEnded = true;
    const { statusCode, fields } = this;
    let head = `HTTP/1.1 ${statusCode} ${this.statusMessage || (STATUS_CODES[statusCode] ?? 'unknown')}\r\n`;
    for (const { lines } of fields) head += lines;
    const empty = bodiless(statusCode);
    if (!empty && !this.hasHeader('content-length')) head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const kept = String(this.getHeader('connection')).toLowerCase() !== 'close';
    this.send(`${head}${this.tail(kept)}\r\n`, empty ? '' : body, kept);
    return this;
  }

  private indexOf(key: string): number {
    const { fields } = this;
    for (let at = 0; at < fields.length; at++) if ((fields[at] as Field).key === key) return at;
    return -1;
  }
}
