import type Docker from 'dockerode';
import type { ContainerSpec } from '../driver.js';
import { INSTANCE_LABEL, KEPT_CAPABILITIES } from './common-spec.js';

/** The port every action proxy listens on (OPENWHISK.md 5). */
export const PROXY_PORT = '8080/tcp';

const MB = 1024 * 1024;

/** The flags of OpenWhisk's `docker run` (OPENWHISK.md 5.5), `no-new-privileges`, and nothing of the output on disk. */
export const createOptions = (
  spec: ContainerSpec,
  instance: string,
  /** Address of the engine's host that the proxy's port is published on; undefined when containers are reached directly. */
  publishOn: string | undefined,
): Docker.ContainerCreateOptions => ({
  name: spec.name,
  Image: spec.image,
  Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
  Labels: { ...spec.labels, [INSTANCE_LABEL]: instance },
  ExposedPorts: { [PROXY_PORT]: {} },
  HostConfig: {
    Memory: spec.memory * MB,
    MemorySwap: spec.memory * MB,
    CpuShares: spec.cpuShares,
    NetworkMode: 'bridge',
    CapDrop: ['ALL'],
    CapAdd: KEPT_CAPABILITIES,
    SecurityOpt: ['no-new-privileges'],
    Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 1024 }],
    PidsLimit: 1024,
    LogConfig: { Type: 'none', Config: {} },
    ...(publishOn !== undefined && { PortBindings: { [PROXY_PORT]: [{ HostIp: publishOn, HostPort: '' }] } }),
  },
});
