import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../errors.js';

/** Where an engine listens. */
export type EngineAddress =
  | { readonly socketPath: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly protocol: 'http' | 'https';
      /** PEM files' contents for TLS. */
      readonly ca?: Buffer;
      readonly cert?: Buffer;
      readonly key?: Buffer;
    };

/** Sockets of the usual engines, the system's own first: Docker, Desktop, rootless, Colima, OrbStack, Rancher, Podman. */
const usualSockets = (): string[] => {
  const home = homedir();
  const uid = process.getuid?.();
  return [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    ...(uid === undefined ? [] : [`/run/user/${uid}/docker.sock`]),
    join(home, '.colima/default/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(home, '.rd/docker.sock'),
    ...(uid === undefined ? [] : [`/run/user/${uid}/podman/podman.sock`]),
    '/run/podman/podman.sock',
  ];
};

const certificates = (folder: string | undefined) =>
  folder === undefined
    ? {}
    : {
        ca: readFileSync(join(folder, 'ca.pem')),
        cert: readFileSync(join(folder, 'cert.pem')),
        key: readFileSync(join(folder, 'key.pem')),
      };

/**
 * `unix://path`, `npipe://path`, `tcp://host:port` (TLS when `certificatePath` is given, or on port 2376), or undefined
 * for the first of the usual sockets that is there. Throws `UsageError`.
 */
export const engineAddress = (host: string | undefined, certificatePath?: string): EngineAddress => {
  if (host === undefined || host === '') {
    if (process.platform === 'win32') return { socketPath: '//./pipe/docker_engine' };
    return { socketPath: usualSockets().find(path => existsSync(path)) ?? '/var/run/docker.sock' };
  }
  const local = /^(?:unix|npipe):\/\/(.+)$/.exec(host);
  if (local) return { socketPath: local[1] as string };
  const refuse = (): never => {
    throw new UsageError(
      `Bad Docker host '${host}': expected unix:///path/to/docker.sock, npipe:////./pipe/name or tcp://host:port.`,
    );
  };
  const remote = /^(tcp|https?):\/\/(\[[0-9a-f:]+\]|[^/:]+)(?::(\d+))?\/?$/i.exec(host);
  if (!remote) return refuse();
  const tls = certificatePath !== undefined || remote[1]?.toLowerCase() === 'https' || remote[3] === '2376';
  return {
    host: (remote[2] as string).replace(/^\[|\]$/g, ''),
    port: Number(remote[3] ?? (tls ? 2376 : 2375)),
    protocol: tls ? 'https' : 'http',
    ...certificates(certificatePath),
  };
};

export const describeAddress = (address: EngineAddress): string =>
  'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;
