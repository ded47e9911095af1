import type Docker from 'dockerode';
import type { ContainerSpec } from '../driver.js';

/** The port every action proxy listens on (OPENWHISK.md 5). */
export const PROXY_PORT = '8080/tcp';
export const INSTANCE_LABEL = 'miniwhisk.instance';

const MB = 1024 * 1024;

/**
 * What images that start as root need to bring up a service: own and change files, drop to another user, bind to a low
 * port, end children. Upstream's runtimes run as root and unpack archives, so dropping everything would break them; what
 * OpenWhisk takes away (NET_RAW, NET_ADMIN) and what no action needs (MKNOD, SETFCAP, SETPCAP, SYS_CHROOT, AUDIT_WRITE)
 * is gone.
 */
const KEPT_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID'];

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
