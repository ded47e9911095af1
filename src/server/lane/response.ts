import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { remember } from '../../remember.js';

type Value = string | number | readonly string[];

/** Replies that have no body and no length. */
const bodiless = (status: number): boolean => status === 204 || status === 304;

/** A header that is set; there are few, so that looking through all of them is quick. */
interface Field {
  readonly key: string;
  readonly name: string;
  readonly value: Value;
}

/** By what a header of this name is found, and the value it had last, which is known to be one. Throws for what is no name. */
const known = remember((name): { readonly key: string; value: Value } => {
  validateHeaderName(name);
  return { key: name.toLowerCase(), value: '' };
});
const keyOf = (name: string): string => known(name).key;

const check = (name: string, value: Value): void => {
  if (typeof value === 'object') for (const one of value) validateHeaderValue(name, one);
  else validateHeaderValue(name, String(value));
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

  /** Throws for what may not stand in a head, as node does, and for what would make the body's length another. */
  setHeader(name: string, value: Value): this {
    const header = known(name);
    const { key } = header;
    if (key === 'transfer-encoding') throw new Error('A reply that is sent at once has a length, no encoding.');
    // An array may have changed since.
    if (value !== header.value || typeof value === 'object') check(name, value);
    header.value = value;
    const field = { key, name, value };
    const at = this.indexOf(key);
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
    for (const { name, value } of fields) {
      if (typeof value === 'object') for (const one of value) head += `${name}: ${one}\r\n`;
      else head += `${name}: ${value}\r\n`;
    }
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
