import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { DockerDriver } from '../../src/pool/drivers/docker.js';
import { ProcessDriver } from '../../src/pool/drivers/process.js';
import type { DriverName } from './case.js';
import { Connection, request, type Target } from './load.js';
import { wait } from './server.js';
import { Samples } from './statistics.js';

const root = new URL('../../', import.meta.url);

/** The image that the local manifest names for a kind. */
export const imageOf = (kind: string): string => {
  const manifest = JSON.parse(readFileSync(new URL('runtimes/runtimes.local.json', root), 'utf8')) as {
    runtimes: Record<string, { kind: string; image: { prefix: string; name: string; tag: string } }[]>;
  };
  const found = Object.values(manifest.runtimes)
    .flat()
    .find(runtime => runtime.kind === kind);
  if (!found) throw new Error(`no kind ${kind}`);
  const { prefix, name, tag } = found.image;
  return `${prefix}/${name}:${tag}`;
};

export const initBody = (code: string): string =>
  JSON.stringify({ value: { name: 'bare', main: 'main', code, binary: false, env: {} } });

const RUN = JSON.stringify({
  value: {},
  namespace: 'guest',
  action_name: '/guest/bare',
  action_version: '0.0.1',
  activation_id: '0'.repeat(32),
  transaction_id: '0'.repeat(32),
  deadline: '9999999999999',
});

/** The bytes of a bare POST /run, as large as what the server sends. */
export const runBytes = request('POST', '/run', RUN);

/** POST /init until the container listens, then POST /run once. */
export const initialise = async (target: Target, code: string): Promise<void> => {
  const bytes = request('POST', '/init', initBody(code));
  for (;;) {
    const connection = new Connection(target);
    const ok = await connection.request(bytes).then(
      reply => reply.status === 200,
      () => false,
    );
    if (ok) {
      await connection.request(runBytes);
      connection.close();
      return;
    }
    connection.close();
    await wait(2);
  }
};

const DRIVERS = { docker: DockerDriver, process: ProcessDriver } as const;

/** Containers of nodejs:20, made by the server's own driver, that nothing stands before and nothing runs in yet. */
const withContainers = async <T>(
  driver: DriverName,
  use: (create: () => Promise<Target>) => Promise<T>,
): Promise<T> => {
  if (driver === 'kubernetes') throw new Error(`${driver}: no bare containers are made with this driver`);
  const directory = mkdtempSync(join(tmpdir(), 'miniwhisk-bare-'));
  const made = new DRIVERS[driver]({ directory, environment: process.env, instance: `bench${process.pid}` });
  let count = 0;
  try {
    return await use(async () => {
      const container = await made.create({
        name: `bench${process.pid}_${count++}`,
        kind: 'nodejs:20',
        image: imageOf('nodejs:20'),
        memory: 256,
        env: {},
        labels: {},
        cpuShares: 128,
      });
      container.onOutput(() => undefined);
      return container.address;
    });
  } finally {
    await made.close();
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Hot containers. */
export const withBare = <T>(
  driver: DriverName,
  count: number,
  code: string,
  use: (targets: Target[]) => Promise<T>,
): Promise<T> =>
  withContainers(driver, async create => {
    const targets: Target[] = [];
    for (let i = 0; i < count; i++) {
      const target = await create();
      await initialise(target, code);
      targets.push(target);
    }
    return use(targets);
  });

/** What /init and the first /run take in containers that have been there for `rest` ms. */
export const bareFirstRuns = (driver: DriverName, code: string, count: number, rest: number): Promise<Samples> =>
  withContainers(driver, async create => {
    const samples = new Samples();
    for (let i = 0; i < count; i++) {
      const target = await create();
      await wait(rest);
      const before = performance.now();
      await initialise(target, code);
      samples.add(performance.now() - before);
    }
    return samples;
  });

const PORT = '8080/tcp';
/** Elsewhere containers are in a virtual machine, and reached by published ports. */
const direct = process.platform === 'linux';

/** A container by dockerode alone: what a cold start costs at least. */
export class PlainContainer {
  private constructor(
    private readonly container: Docker.Container,
    readonly target: Target,
  ) {}

  static async start(): Promise<PlainContainer> {
    const docker = new Docker();
    const memory = 256 * 1024 * 1024;
    const limits = { Memory: memory, MemorySwap: memory, CpuShares: 128, PidsLimit: 1024 };
    const container = await docker.createContainer({
      Image: imageOf('nodejs:20'),
      ExposedPorts: { [PORT]: {} },
      HostConfig: {
        ...limits,
        LogConfig: { Type: 'none', Config: {} },
        ...(!direct && { PortBindings: { [PORT]: [{ HostIp: '127.0.0.1', HostPort: '0' }] } }),
      },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const published = Number(NetworkSettings.Ports[PORT]?.[0]?.HostPort);
    const target = direct
      ? { host: Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '', port: Number.parseInt(PORT, 10) }
      : { host: '127.0.0.1', port: published };
    return new PlainContainer(container, target);
  }

  pause(): Promise<unknown> {
    return this.container.pause();
  }

  unpause(): Promise<unknown> {
    return this.container.unpause();
  }

  async remove(): Promise<void> {
    await this.container.remove({ force: true });
  }
}
