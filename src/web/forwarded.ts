import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { UsageError } from '../errors.js';

/** How the client reached the server, as far as it can be believed. */
export interface Forwarded {
  readonly proto: 'http' | 'https';
  /** Name and, unless it is the scheme's own, port. */
  readonly host: string;
  readonly port: string;
  /** The client's own address. */
  readonly address: string;
  /** Addresses the request came through, the client's first: what X-Forwarded-For is to say next. */
  readonly chain: string;
}

export interface ReadForwarded {
  (req: IncomingMessage): Forwarded;
  /** The host alone, which every request is asked for. */
  host(req: IncomingMessage): string;
}

/** `::ffff:127.0.0.1` is the IPv4 address it carries. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** A list of addresses and `address/bits` blocks. Throws `UsageError`. */
const parseTrusted = (list: string): BlockList => {
  const trusted = new BlockList();
  for (const entry of list.split(/[\s,]+/).filter(Boolean)) {
    const [address = '', bits] = entry.split('/');
    const max = isIP(address) === 6 ? 128 : 32;
    if (isIP(address) === 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= max))) {
      throw new UsageError(`Bad value for --trust-proxy: '${entry}' is no IP address, nor a block such as 10.0.0.0/8.`);
    }
    if (bits === undefined) trusted.addAddress(address, family(address));
    else trusted.addSubnet(address, Number(bits), family(address));
  }
  return trusted;
};

const NOTHING: IncomingHttpHeaders = {};

const first = (value: string | string[] | undefined): string | undefined => {
  const text = Array.isArray(value) ? value[0] : value;
  return text?.split(',')[0]?.trim() || undefined;
};

const portOf = (host: string, proto: 'http' | 'https'): string =>
  /:(\d+)$/.exec(host)?.[1] ?? (proto === 'https' ? '443' : '80');

/**
 * Reads who called by which name. X-Forwarded-* headers count only when the connection comes from an address of `trusted`,
 * a list separated by commas. Throws `UsageError` when that is no such list.
 */
export const createForwarded = (trusted: string | undefined): ReadForwarded => {
  const proxies = trusted === undefined ? undefined : parseTrusted(trusted);
  const peerOf = (req: IncomingMessage): string => plain(req.socket.remoteAddress ?? '');
  const believed = (req: IncomingMessage): IncomingHttpHeaders => {
    if (proxies === undefined) return NOTHING;
    const peer = peerOf(req);
    return isIP(peer) !== 0 && proxies.check(peer, family(peer)) ? req.headers : NOTHING;
  };
  const hostOf = (req: IncomingMessage, given: IncomingHttpHeaders): string => {
    const authority = req.headers[':authority'];
    return first(given['x-forwarded-host']) ?? (typeof authority === 'string' ? authority : req.headers.host) ?? '';
  };
  const read = (req: IncomingMessage): Forwarded => {
    const peer = peerOf(req);
    const given = believed(req);
    const secure = (req.socket as Partial<TLSSocket>).encrypted === true;
    const named = first(given['x-forwarded-proto'])?.toLowerCase();
    const proto = named === 'http' || named === 'https' ? named : secure ? 'https' : 'http';
    const host = hostOf(req, given);
    const before = given['x-forwarded-for'];
    return {
      proto,
      host,
      port: first(given['x-forwarded-port']) ?? portOf(host, proto),
      address: first(given['x-real-ip']) ?? first(before) ?? peer,
      chain: before === undefined ? peer : `${before}, ${peer}`,
    };
  };
  return Object.assign(read, { host: (req: IncomingMessage) => hostOf(req, believed(req)) });
};
