import { createHash, randomBytes } from 'node:crypto';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { dockerCertificates, dockerConfigFolder, processEnvironment } from '../config/load.js';
import type { Config } from '../config/options.js';
import { UsageError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Availability } from '../pool/driver.js';
import { INSTANCE_LABEL } from '../pool/drivers/common-spec.js';
import type { DockerDriver } from '../pool/drivers/docker.js';
import type { PullProgress } from '../pool/drivers/image-progress.js';
import type { ImageReport, PullPolicy } from '../pool/drivers/images.js';
import { ProcessDriver } from '../pool/drivers/process.js';
import { type Choice, createChoice, withEnvironment } from './drivers.js';
import { urlHost } from './listen.js';
import { type Kubernetes, openKubernetes } from './open-kubernetes.js';

/** The drivers a server runs with. */
export interface Drivers extends Choice {
  /** For the start's block: which driver, and why. */
  readonly description: string;
  /** An address of this machine that only containers reach; the server listens there too. */
  readonly callbackAddress: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly namePrefix: string;
  readonly cores: number;
  /** How many containers are made at once; more wait. Absent: all. */
  readonly startsAtOnce?: () => number;
  /** Sets the one listener for the progress of pulls. */
  onPull(listener: OnPull): void;
  /** What the engine has of these images. */
  images(names: readonly string[]): Promise<ImagesAnswer>;
  close(): Promise<void>;
}

export type OnPull = (progress: PullProgress) => void;

/** Whether there is an engine, when images are pulled, and what is known of each image. */
export interface ImagesAnswer {
  readonly engine: Availability;
  readonly pull: PullPolicy;
  readonly images: readonly ImageReport[];
}

const NO_DOCKER: Availability = { usable: false, reason: 'Only processes are wanted (--driver process).' };

/** Names a server across its restarts: by its data dir. One in memory is a new one each time. */
const instanceOf = (config: Config): string =>
  config.memory
    ? randomBytes(6).toString('hex')
    : createHash('sha256').update(resolve(config.dataDir)).digest('hex').slice(0, 12);

interface Docker {
  readonly driver: DockerDriver;
  /** Why it cannot be used, when no engine answers. */
  readonly trouble?: string;
}

/** Undefined when only processes are wanted. Throws `UsageError` when only containers are and no engine answers. */
const openDocker = async (
  config: Config,
  instance: string,
  log: Logger,
  onProgress: OnPull,
): Promise<Docker | undefined> => {
  if (config.driver === 'process') return undefined;
  // The client's modules take 27 MB and half of the start's time: only who uses it pays.
  const { DockerDriver } = await import('../pool/drivers/docker.js');
  const driver = new DockerDriver({
    host: config.dockerHost,
    certificatePath: dockerCertificates(),
    instance,
    images: {
      policy: config.pull,
      mirror: config.registryMirror,
      credentials: dockerConfigFolder(),
      onProgress,
      onlyContainers: config.driver === 'docker',
      onLocal: (image, local) => log.info(`${local}, built here, is used for ${image}, which is not on this machine`),
    },
  });
  const answer = await driver.answers();
  if (answer.usable) return { driver };
  if (config.driver === 'docker') {
    await driver.close();
    throw new UsageError(`--driver docker cannot be used. ${answer.reason} Or use --driver process.`);
  }
  return { driver, trouble: answer.reason };
};

const describe = (config: Config, docker: Docker | undefined): string => {
  if (!docker) return 'process, as asked: functions are not isolated';
  if (docker.trouble !== undefined) return `process, functions are not isolated: ${docker.trouble}`;
  return config.driver === 'docker' ? 'docker, as asked' : 'docker; process for kinds whose image is not there yet';
};

const NO_ENGINE: Availability = {
  usable: false,
  reason: 'Nodes of the cluster have the images (--driver kubernetes).',
};

const overKubernetes = async (
  { driver, apiHost, ...kubernetes }: Kubernetes,
  instance: string,
  log: Logger,
  port: () => number,
): Promise<Drivers> => {
  const swept = await driver.sweep();
  if (swept > 0) log.warn(`removed ${swept} pods that an earlier run left`);
  const withHost = withEnvironment(driver, () => ({ __OW_API_HOST: apiHost(port()) }));
  return {
    ...kubernetes,
    ...createChoice({ docker: withHost, log }),
    onPull: () => {},
    images: async () => ({ engine: NO_ENGINE, pull: 'missing', images: [] }),
    labels: { [INSTANCE_LABEL]: instance },
    namePrefix: `wsk0${instance.slice(0, 4)}`,
    close: () => driver.close(),
  };
};

/** Opens what `config.driver` asks for and sweeps what an earlier run of this instance left. Throws `UsageError`. */
export const openDrivers = async (config: Config, log: Logger, port: () => number): Promise<Drivers> => {
  const instance = instanceOf(config);
  if (config.driver === 'kubernetes')
    return overKubernetes(await openKubernetes(config, instance), instance, log, port);
  let listener: OnPull = () => {};
  const opened = await openDocker(config, instance, log, progress => listener(progress));
  const docker = opened?.driver;
  const directory = join(tmpdir(), `miniwhisk-${instance}`);
  const cache = config.memory ? undefined : resolve(config.dataDir, 'built');
  const onLeft = (text: string): void => log.warn(text);
  const local =
    config.driver === 'docker'
      ? undefined
      : new ProcessDriver({ directory, cache, environment: processEnvironment(), onLeft });
  const answering = opened?.trouble === undefined ? docker : undefined;
  const swept = await Promise.all([answering?.sweep() ?? 0, local?.sweep() ?? 0]);
  const leftovers = swept.reduce((sum, n) => sum + n, 0);
  if (leftovers > 0) log.warn(`removed ${leftovers} containers that an earlier run left`);

  const choice = createChoice({
    docker: docker && withEnvironment(docker, async () => ({ __OW_API_HOST: await docker.apiHost(port()) })),
    process: local && withEnvironment(local, () => ({ __OW_API_HOST: `http://${urlHost(config.host)}:${port()}` })),
    images: docker?.images,
    log,
  });
  return {
    ...choice,
    onPull: next => {
      listener = next;
    },
    images: async names => {
      const answer = await docker?.answers();
      if (!docker || !answer?.usable) return { engine: answer ?? NO_DOCKER, pull: config.pull, images: [] };
      return { engine: answer, pull: config.pull, images: await docker.images.report(names) };
    },
    description: describe(config, opened),
    callbackAddress: await answering?.gatewayAddress(),
    labels: { [INSTANCE_LABEL]: instance },
    namePrefix: `wsk0${instance.slice(0, 4)}`,
    cores: availableParallelism(),
    ...(answering && { startsAtOnce: () => answering.startsAtOnce }),
    close: async () => {
      await Promise.all([docker?.close(), local?.close()]);
    },
  };
};
