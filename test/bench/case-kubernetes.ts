import { KubernetesApi } from '../../src/pool/drivers/kubernetes-api.js';
import { ACTION_CONTAINER, newsOf } from '../../src/pool/drivers/kubernetes-pod.js';
import { podName, podOf } from '../../src/pool/drivers/kubernetes-spec.js';
import { Cluster } from '../support/kubernetes-cluster.js';
import { imageOf, initialise, runBytes } from './bare.js';
import { type Case, type Figure, NOOP } from './case.js';
import { WARM_TURNS, warm as warmCase } from './case-warm.js';
import { inTurn } from './in-turn.js';
import type { LoadResult, Target } from './load.js';
import { wait, withServer } from './server.js';
import { Samples } from './statistics.js';

const KIND = 'nodejs:20';
const COLD = 8;
/** What the last one left to do is done by then, in ms. */
const REST = 4_000;
const LABEL = 'miniwhisk.instance';
/** MB that functions may hold: less than the node has, for pods that are on their way out hold theirs a while longer. */
const POOL = '3072';

/** One pod by the API alone: created, awaited by a watch, initialised, run. */
const withBarePod = async <T>(
  api: KubernetesApi,
  use: (target: Target, took: number, name: string) => Promise<T>,
): Promise<T> => {
  const name = podName('bare');
  const spec = { name, kind: KIND, image: imageOf(KIND), memory: 256, env: {}, labels: {}, cpuShares: 64 };
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
  try {
    const target = { host: await running, port: 8080 };
    await initialise(target, NOOP);
    return await use(target, performance.now() - before, name);
  } finally {
    stop.abort();
    await api.delete(name, 0);
  }
};

const p50 = (samples: Samples): number => samples.distribution().p50;

/** First calls of actions, each beside a bare pod, and warm calls beside its warm runs. */
const measureCold = (api: KubernetesApi, flags: readonly string[]) =>
  withServer({ driver: 'kubernetes', flags: [...flags, '--no-prewarm'] }, async server => {
    const [cold, bare] = [new Samples(), new Samples()];
    let over = Number.NaN;
    for (let i = 0; i <= COLD; i++) {
      const name = await server.action(NOOP);
      await wait(REST);
      const took = await server.invoke(name);
      await wait(REST / 2);
      await withBarePod(api, async (target, own, pod) => {
        if (i > 0) {
          cold.add(took);
          bare.add(own);
        }
        if (i < COLD) return;
        const call = server.call(name);
        // Somebody reads its output too, as with the other drivers' bare containers.
        const output = await api.attach(pod, ACTION_CONTAINER, { data: () => {}, closed: () => {} });
        output.resume();
        const [served, alone] = (await inTurn(
          [
            { targets: [server.target], next: () => call },
            { targets: [target], next: () => runBytes },
          ],
          WARM_TURNS,
        )) as [LoadResult, LoadResult];
        over = served.p50 - alone.p50;
        output.close();
      });
    }
    return { cold, bare, over };
  });

const measureStem = (flags: readonly string[]): Promise<Samples> =>
  withServer({ driver: 'kubernetes', flags }, async server => {
    const stem = new Samples();
    for (let i = 0; i <= COLD; i++) {
      const name = await server.action(NOOP);
      await wait(REST);
      const took = await server.invoke(name);
      if (i > 0) stem.add(took);
    }
    return stem;
  });

const run = async (cluster: Cluster): Promise<Figure[]> => {
  const { kubeconfig, namespace } = cluster;
  const api = await KubernetesApi.open({ kubeconfig, namespace });
  const where = ['--kube-config', kubeconfig, '--kube-namespace', namespace];
  const flags = [...where, '--pull', 'never', '--pool-memory', POOL];
  const { cold, bare, over } = await measureCold(api, flags);
  const stem = await measureStem(flags);
  const [docker] = (await warmCase.run('docker')) as [Figure];
  const share = (p50(cold) / p50(bare) - 1) * 100;
  const driver = 'kubernetes';
  return [
    {
      what: 'cold start, over a bare pod, p50',
      driver,
      figure: share,
      unit: '%',
      bar: 'at most +15%',
      met: share <= 15,
      ...cold.distribution(),
      bare: bare.distribution(),
    },
    {
      what: 'cold start with a stem cell, p50',
      driver,
      figure: p50(stem),
      unit: 'ms',
      bar: 'at most 30 ms',
      met: p50(stem) <= 30,
      ...stem.distribution(),
    },
    {
      what: 'warm call, 1 client, p50 over bare /run to a pod',
      driver,
      figure: over,
      unit: 'ms',
      bar: `as docker's in this run, +${docker.figure.toFixed(2)} ms, and a quarter more`,
      met: over <= 1.25 * docker.figure,
    },
  ];
};

export const kubernetes: Case = {
  about: 'cold, with a stem cell and warm, as pods of a cluster that it starts itself',
  drivers: ['kubernetes'],
  runs: 1,
  run: async () => {
    const cluster = await Cluster.start({ images: [imageOf(KIND)] });
    try {
      return await run(cluster);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  },
};
