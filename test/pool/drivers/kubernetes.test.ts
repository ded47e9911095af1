import { afterAll, beforeAll } from 'vitest';
import type { Driver } from '../../../src/pool/driver.js';
import { KubernetesDriver } from '../../../src/pool/drivers/kubernetes.js';
import { driverContract } from '../../contract/driver.js';
import { describeKubernetes } from '../../support/kubernetes.js';
import { Cluster } from '../../support/kubernetes-cluster.js';

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
});
