import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Driver } from '../../../src/pool/driver.js';
import { KubernetesDriver } from '../../../src/pool/drivers/kubernetes.js';
import { driverContract } from '../../contract/driver.js';
import { describeKubernetes } from '../../support/kubernetes.js';
import { Cluster } from '../../support/kubernetes-cluster.js';
import { startStallingProxy } from '../../support/stalling-proxy.js';

const image = 'miniwhisk/action-nodejs-v20:local';
const instance = `contract-${process.pid}`;

describeKubernetes('kubernetes driver', () => {
  let cluster: Cluster;
  let next: KubernetesDriver[] = [];
  const prepare = async (): Promise<void> => {
    const options = { kubeconfig: cluster.kubeconfig, namespace: cluster.namespace, instance };
    next = await Promise.all(
      Array.from({ length: 40 }, () => KubernetesDriver.open({ ...options, pull: 'never', startTimeoutMs: 60_000 })),
    );
  };
  beforeAll(async () => {
    cluster = await Cluster.start({ images: [image] });
    await prepare();
  }, 180_000);
  afterAll(() => cluster?.[Symbol.asyncDispose](), 60_000);

  driverContract({
    open: () => next.pop() as Driver,
    kind: 'nodejs:20',
    image,
    missing: { kind: 'nodejs:20', image: 'Not/An Image', reason: /^'Not\/An Image' is no name of an image/ },
    kill: container => cluster.node('node-1').killContainer(container.id),
    isPaused: async () => false,
    left: () => cluster.pods(`miniwhisk.instance=${instance}`),
  });

  it('says within seconds that the API hangs, at the start and later, and that it answers again', async () => {
    await using proxy = await startStallingProxy(new URL(cluster.server));
    const kubeconfig = join(cluster.folder, 'through-proxy');
    const through = `https://127.0.0.1:${proxy.port}`;
    await writeFile(kubeconfig, (await readFile(cluster.kubeconfig, 'utf8')).replaceAll(cluster.server, through));
    const open = (): Promise<KubernetesDriver> =>
      KubernetesDriver.open({
        kubeconfig,
        namespace: cluster.namespace,
        instance,
        pull: 'never',
        startTimeoutMs: 60_000,
      });
    const driver = await open();
    const late = await open();
    try {
      expect(await driver.answers()).toEqual({ usable: true });
      expect(await driver.responds()).toEqual({ usable: true });
      proxy.stall();
      const hangs = (s: number): object => ({
        usable: false,
        reason: expect.stringMatching(new RegExp(`^The Kubernetes API at ${through} .*did not answer within ${s} s`)),
      });
      expect(await Promise.all([driver.responds(), late.answers()])).toEqual([hangs(5), hangs(15)]);
      proxy.pass();
      await expect.poll(() => driver.responds(), { timeout: 20_000 }).toEqual({ usable: true });
      await expect.poll(() => late.answers(), { timeout: 20_000 }).toEqual({ usable: true });
    } finally {
      proxy.pass();
      await Promise.all([driver.close(), late.close()]);
    }
  });
});
