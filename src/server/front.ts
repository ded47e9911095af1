import type { RequestListener } from 'node:http';
import type { Clock } from '../clock.js';
import type { Config } from '../config/options.js';
import { UsageError } from '../errors.js';
import type { Logger } from '../log.js';
import { type Listening, listen, listenEverywhere, urlHost } from './listen.js';
import { listenTls } from './tls.js';
import { readKeyPair, selfSignedPair } from './tls-certificate.js';
import { watchKeyPair } from './tls-reload.js';

/** OpenWhisk's own port for the API gateway. */
const GATEWAY_PORT = 3234;

/** Every port the server listens on. */
export interface Front {
  readonly url: string;
  readonly port: number;
  readonly tlsUrl?: string;
  /** Where APIs are served beside `url`. */
  readonly gatewayUrl?: string;
  readonly gatewayPort?: number;
  /** Takes no new requests; those under way get `graceMs` to be answered, then their connections are broken. */
  stop(graceMs: number): Promise<void>;
}

export interface FrontOptions {
  readonly config: Config;
  /** Where a self-signed certificate is kept; undefined keeps none. */
  readonly dir: string | undefined;
  readonly handler: RequestListener;
  /** What the gateway's own port serves. */
  readonly gateway: RequestListener;
  /** Address only containers reach. */
  readonly callback: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const openTls = async ({ config, dir, handler, clock, log }: FrontOptions): Promise<Listening> => {
  const { tlsCert, tlsKey, host, tlsPort } = config;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError(
      '--tls-cert and --tls-key belong together: give both, or neither for a self-signed certificate.',
    );
  }
  const own = tlsCert !== undefined && tlsKey !== undefined;
  const pair = own ? readKeyPair(tlsCert, tlsKey) : await selfSignedPair(dir, host, clock.now());
  const server = await listenTls(handler, host, tlsPort, pair);
  if (!own) return server;
  const unwatch = watchKeyPair(tlsCert, tlsKey, changed => server.update(changed), log);
  return { ...server, stop: () => server.stop().finally(unwatch) };
};

/** Opens HTTP, and HTTPS and the API gateway's port where they are asked for. Throws `UsageError`, nothing left open. */
export const openFront = async (options: FrontOptions): Promise<Front> => {
  const { config } = options;
  const main = await listenEverywhere(options.handler, config.host, config.port, options.callback);
  const others: Listening[] = [];
  const stop = async (graceMs: number): Promise<void> => {
    const timer = setTimeout(() => {
      for (const server of others) server.destroy();
    }, graceMs);
    await Promise.all([main.stop(graceMs), ...others.map(server => server.stop())]);
    clearTimeout(timer);
  };
  const opened = async (opening: Promise<Listening>): Promise<number> => {
    const server = await opening;
    others.push(server);
    return server.port;
  };
  try {
    const secure = config.tls || config.tlsCert !== undefined || config.tlsKey !== undefined;
    const tlsPort = secure ? await opened(openTls(options)) : undefined;
    const wanted = config.apiGwPort ?? (config.apiGw ? GATEWAY_PORT : undefined);
    const gatewayPort =
      wanted === undefined ? undefined : await opened(listen(options.gateway, config.host, wanted, 'api-gw-port'));
    const name = urlHost(config.host);
    return {
      url: main.url,
      port: main.port,
      ...(tlsPort !== undefined && { tlsUrl: `https://${name}:${tlsPort}` }),
      ...(gatewayPort !== undefined && { gatewayUrl: `http://${name}:${gatewayPort}`, gatewayPort }),
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
};
