import { Simulation } from '../support/simulation.js';
import type { Case, Figure } from './case.js';

/**
 * What was measured on a machine of 2 cores: what the server's one thread computes for a call, warm (`npm run bench --
 * cpu`), and what a pod takes until its function answers (test/bench/kubernetes.test.ts). In ms.
 */
const SERVER = 0.2;
const COLD = { cpu: 80, io: 1_400 };
/** Of a core, and waiting for something else: what functions that call other services look like. In ms. */
const CALLS = [
  { cpu: 1, io: 9 },
  { cpu: 2, io: 98 },
] as const;
const PODS = [10, 100, 1_000] as const;
const ACTIONS = 10;
const MEMORY = 256;
/** Pods on a core: a call of the second kind leaves its core idle for 98 of 100 ms. */
const PODS_PER_CORE = 8;
const CLIENTS_PER_POD = 1.5;
/** Simulated ms, and how many of them count. */
const TOTAL = 12_000;
const MEASURED = 3_000;

const figureOf = async (pods: number, call: (typeof CALLS)[number]): Promise<Figure> => {
  const cores = Math.ceil(pods / PODS_PER_CORE) + 1;
  const sim = new Simulation({ cores, memory: pods * MEMORY, server: SERVER, cold: COLD, switching: 0 });
  const clients = Math.ceil((pods * CLIENTS_PER_POD) / ACTIONS);
  const before = process.cpuUsage();
  const rates = Promise.all(
    Array.from({ length: ACTIONS }, (_, n) => sim.clients(sim.action(`ns/action${n}`, call), clients, TOTAL, MEASURED)),
  );
  await sim.pass(TOTAL * 4, rates);
  const rate = (await rates).reduce((sum, one) => sum + one, 0);
  const { user, system } = process.cpuUsage(before);
  const ideal = (pods * 1000) / (call.cpu + call.io);
  const busy = (rate * SERVER) / 1000;
  return {
    what: `simulated: ${pods} pods, calls of ${call.cpu + call.io} ms`,
    driver: 'docker',
    figure: Math.round(rate),
    unit: 'calls/s',
    bar: 'none',
    met: true,
    podsUsed: sim.most,
    ofWhatPodsCould: Math.round((rate / ideal) * 100) / 100,
    serverThreadBusy: Math.round(busy * 100) / 100,
    limit: busy > 0.9 ? 'the server' : 'the pods',
    simulatedFor: `${TOTAL} ms in ${Math.round((user + system) / 1000)} ms of CPU`,
  };
};

export const scaleSim: Case = {
  about: 'the pool in simulated time with 10, 100 and 1,000 pods: where the server itself is the limit',
  drivers: ['docker'],
  runs: 1,
  run: async () => {
    const figures: Figure[] = [];
    for (const call of CALLS) for (const pods of PODS) figures.push(await figureOf(pods, call));
    return figures;
  },
};
