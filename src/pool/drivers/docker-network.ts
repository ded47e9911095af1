import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import type { Address } from '../driver.js';
import type { ContainerState, Engine, EngineInfo } from './docker-engine.js';
import type { EngineAddress } from './docker-host.js';
import { PROXY_PORT } from './docker-spec.js';

/** How this process and the containers reach each other. */
export type Network =
  /** Containers by their own addresses; this process, from inside, at the bridge's address on this machine. */
  | { readonly kind: 'direct'; readonly gateway: string }
  /** Containers by ports published on `publishOn`; this process, from inside, by `hostName`. */
  | { readonly kind: 'published'; readonly publishOn: string; readonly hostName: string };

/** The name that Docker Desktop and its like give to the machine they run on. */
const DESKTOP_NAME = 'host.docker.internal';

/** The first address of a subnet: the bridge has it unless the engine says otherwise. */
const firstAddress = (subnet: string): string =>
  subnet.replace(/\d+\/\d+$/, last => String(Number.parseInt(last, 10) + 1));

/** Whether an address belongs to this machine: only then can one listen on it. */
const isLocal = (address: string): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });

/** A rootless engine's bridge may bear the address of another engine's on this machine, so it is asked what it is. */
const bridgeOnThisMachine = async (engine: Engine, { rootless }: EngineInfo): Promise<string | undefined> => {
  if (rootless) return undefined;
  const { gateway, subnet } = await engine.network('bridge').catch(() => ({ gateway: '', subnet: '' }));
  const address = gateway || (subnet && firstAddress(subnet));
  return address && (await isLocal(address)) ? address : undefined;
};

/** `publish`: by published ports in any case. */
export const findNetwork = async (
  engine: Engine,
  info: EngineInfo,
  address: EngineAddress,
  publish: boolean,
): Promise<Network> => {
  const gateway = process.platform === 'linux' && !publish ? await bridgeOnThisMachine(engine, info) : undefined;
  if (gateway !== undefined) return { kind: 'direct', gateway };
  const remote = 'host' in address ? (await lookup(address.host)).address : '127.0.0.1';
  return { kind: 'published', publishOn: remote, hostName: DESKTOP_NAME };
};

/** One that has ended already has no address; nothing ever listens on port 0, and `exited` tells the rest. */
export const addressOf = (state: ContainerState, network: Network): Address => {
  if (state.ended) return { host: '127.0.0.1', port: 0 };
  if (network.kind === 'direct') return { host: state.ip, port: Number.parseInt(PROXY_PORT, 10) };
  return { host: network.publishOn, port: state.published(PROXY_PORT) ?? 0 };
};
