import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeKubernetes } from '../support/kubernetes.js';
import { Cluster } from '../support/kubernetes-cluster.js';
import { torture } from './torture.js';

const rounds = Number(process.env['TORTURE_ROUNDS'] ?? 5);
const seed = Number(process.env['TORTURE_SEED'] ?? 1);

describeKubernetes('killed again and again, in Kubernetes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ images: ['miniwhisk/action-nodejs-v20:local'] });
  }, 180_000);
  afterAll(() => cluster?.[Symbol.asyncDispose](), 60_000);

  it(`${rounds} kills, everything accepted has exactly one record`, { timeout: 600_000 }, async () => {
    const where = ['--kube-config', cluster.kubeconfig, '--kube-namespace', cluster.namespace, '--pull', 'never'];
    const { ends, accepted, ...report } = await torture({
      driver: 'kubernetes',
      rounds,
      seed,
      flags: where,
      left: instance => cluster.pods(`miniwhisk.instance=${instance}`),
      tell: line => process.stdout.write(`kubernetes ${line}\n`),
    });
    process.stdout.write(
      `kubernetes: ${rounds} rounds, seed ${seed}: ${JSON.stringify({ accepted, ...report, ends })}\n`,
    );
    expect(report).toEqual({ lost: [], doubled: [], wrong: [], orphans: [], open: 0 });
    expect(accepted).toBeGreaterThan(rounds);
  });
});
