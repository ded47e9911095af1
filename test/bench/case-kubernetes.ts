import { ContainerClient } from '../../src/pool/client.js';
import { KubernetesApi } from '../../src/pool/drivers/kubernetes-api.js';
import { newsOf } from '../../src/pool/drivers/kubernetes-pod.js';
import { podName, podOf } from '../../src/pool/drivers/kubernetes-spec.js';
import { Cluster } from '../support/kubernetes-cluster.js';
import { launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';
import { type Case, type Figure, NOOP } from './case.js';
import { wait } from './server.js';
import { Samples } from './statistics.js';

const IMAGE = 'miniwhisk/action-nodejs-v20:local';
const COLD = 8;
const WARM = 300;
/** What the last one left to do is done by then, in ms. */
const REST = 4_000;
const LABEL = 'miniwhisk.instance';

/** One pod by the API alone: created, awaited by a watch, initialised, run. */
const bareStart = async (api: KubernetesApi): Promise<{ readonly took: number; readonly runs: Samples }> => {
  const name = podName('bare');
  const spec = { name, kind: 'nodejs:20', image: IMAGE, memory: 256, env: {}, labels: {}, cpuShares: 64 };
  const { version } = await api.list(`${LABEL}=bare`);
  const stop = new AbortController();
  const before = performance.now();
  const running = new Promise<string>(resolve => {
    const watch = { labelSelector: `${LABEL}=bare`, resourceVersion: version };
    api
      .watch(
        watch,
        (_type, pod) => {
          const news = newsOf(pod);
          if (pod.metadata?.name === name && news.at === 'running') resolve(news.ip);
        },
        stop.signal,
      )
      .catch(() => {});
  });
  await api.create(podOf(spec, name, { instance: 'bare', pullPolicy: 'Never' }));
  const client = new ContainerClient({ host: await running, port: 8080 });
  try {
    const value = { name: 'bare', main: 'main', code: NOOP, binary: false, env: {} };
    await client.init(JSON.stringify({ value }), 30_000);
    await client.run('{"value":{}}', 30_000);
    const took = performance.now() - before;
    const runs = new Samples();
    for (let i = 0; i < WARM; i++) {
      const at = performance.now();
      await client.run('{"value":{}}', 30_000);
      runs.add(performance.now() - at);
    }
    return { took, runs };
  } finally {
    stop.abort();
    client.close();
    await api.delete(name, 0);
  }
};

const timed = async (call: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await call();
  return performance.now() - before;
};

const run = async (cluster: Cluster): Promise<Figure[]> => {
  const api = await KubernetesApi.open({ kubeconfig: cluster.kubeconfig, namespace: cluster.namespace });
  const where = [
    '--memory',
    '--driver',
    'kubernetes',
    '--kube-config',
    cluster.kubeconfig,
    '--kube-namespace',
    cluster.namespace,
    '--pull',
    'never',
  ];
  const [cold, bare, bareWarm, stem, warm] = [0, 1, 2, 3, 4].map(() => new Samples()) as [
    Samples,
    Samples,
    Samples,
    Samples,
    Samples,
  ];
  for (const prewarm of [false, true]) {
    const server = await launchServer([...where, ...(prewarm ? [] : ['--no-prewarm'])]);
    try {
      const rest = restClient(server.url, server.auth);
      const invoke = (name: string) => timed(() => rest.post(`_/actions/${name}?blocking=true`, {}));
      for (let i = 0; i <= COLD; i++) {
        await rest.action(`noop${i}`, NOOP);
        await wait(REST);
        const took = await invoke(`noop${i}`);
        if (i > 0) (prewarm ? stem : cold).add(took);
        if (prewarm) continue;
        await wait(REST / 2);
        const { took: own, runs } = await bareStart(api);
        if (i > 0) bare.add(own);
        if (i === COLD) bareWarm.add(runs.distribution().p50);
      }
      if (!prewarm) for (let i = 0; i < WARM; i++) warm.add(await invoke('noop1'));
    } finally {
      await server[Symbol.asyncDispose]();
    }
  }
  const figures = [cold, bare, stem, warm].map(samples => samples.distribution());
  const [c, b, s, w] = figures as [(typeof figures)[0], (typeof figures)[0], (typeof figures)[0], (typeof figures)[0]];
  const over = (c.p50 / b.p50 - 1) * 100;
  const added = w.p50 - bareWarm.distribution().p50;
  const driver = 'kubernetes';
  return [
    {
      what: 'cold start, kubernetes, over a bare pod, p50',
      driver,
      figure: over,
      unit: '%',
      bar: 'at most +15%',
      met: over <= 15,
      ...c,
      bare: b,
    },
    {
      what: 'cold start with a stem cell, kubernetes, p50',
      driver,
      figure: s.p50,
      unit: 'ms',
      bar: 'at most 30 ms',
      met: s.p50 <= 30,
      ...s,
    },
    {
      what: 'warm, kubernetes, over a bare /run, p50',
      driver,
      figure: added,
      unit: 'ms',
      bar: 'as docker',
      met: true,
      ...w,
    },
  ];
};

export const kubernetes: Case = {
  about: 'cold, with a stem cell and warm, as pods of a cluster that it starts itself',
  drivers: ['kubernetes'],
  runs: 1,
  run: async () => {
    const cluster = await Cluster.start({ images: [IMAGE] });
    try {
      return await run(cluster);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  },
};
