import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Config } from '../config/options.js';
import { UsageError } from '../errors.js';
import type { KubernetesDriver } from '../pool/drivers/kubernetes.js';
import { urlHost } from './listen.js';

export interface Kubernetes {
  readonly driver: KubernetesDriver;
  readonly description: string;
  /** How code in a pod reaches `port` of this process. */
  apiHost(port: number): string;
  /** An address of this machine that pods reach; the server listens there too. */
  readonly callbackAddress: string | undefined;
  readonly cores: number;
}

/** MB of the pool's memory for each core that nodes are taken to have, unless `--kube-cores` says how many there are. */
const MB_PER_CORE = 2048;

/** The address that this machine sends from when it sends to the cluster's API; nothing is sent to find out. */
const ownAddress = (server: string): Promise<string | undefined> =>
  new Promise(resolve => {
    const { hostname } = new URL(server);
    const socket = createSocket(hostname.includes(':') ? 'udp6' : 'udp4');
    const done = (address?: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    socket.connect(443, hostname.replaceAll(/[[\]]/g, ''), () => done(socket.address().address));
  });

const isOwn = (address: string): boolean =>
  Object.values(networkInterfaces()).some(list => list?.some(one => one.address === address));

/** Throws `UsageError` when no cluster answers, or its API lets this server do nothing. */
export const openKubernetes = async (config: Config, instance: string): Promise<Kubernetes> => {
  // The client's modules take 80 MB and half a second: only who uses it pays.
  const { KubernetesDriver } = await import('../pool/drivers/kubernetes.js');
  const { podTemplate, kubeApiHost } = config;
  const template =
    podTemplate === undefined
      ? undefined
      : await (await import('../pool/drivers/kubernetes-template.js')).readTemplate(podTemplate);
  const driver = await KubernetesDriver.open({
    kubeconfig: config.kubeConfig,
    context: config.kubeContext,
    namespace: config.kubeNamespace,
    instance,
    pull: config.pull,
    template,
    startTimeoutMs: config.kubeStartTimeout * 1000,
  });
  const answer = await driver.answers();
  if (!answer.usable) {
    await driver.close();
    throw new UsageError(`--driver kubernetes cannot be used. ${answer.reason}`);
  }
  const address = kubeApiHost === undefined ? await ownAddress(driver.server) : new URL(kubeApiHost).hostname;
  return {
    driver,
    description: `kubernetes (pods in namespace ${driver.namespace} of ${driver.server}), as asked: idle containers stay warm, there is no pause`,
    apiHost: port => kubeApiHost ?? `http://${urlHost(address ?? config.host)}:${port}`,
    callbackAddress: address !== undefined && isOwn(address) && !/^127\.|^::1$/.test(address) ? address : undefined,
    cores: config.kubeCores ?? Math.max(1, Math.round(config.poolMemory / MB_PER_CORE)),
  };
};
