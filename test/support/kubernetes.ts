import { describe } from 'vitest';
import { clusterTrouble } from './kubernetes-programs.js';

/** A suite that needs a Kubernetes cluster of the test's own: skipped, by name, where none can be started. */
export const describeKubernetes = (name: string, body: () => void): void => {
  if (clusterTrouble === undefined) describe(name, { timeout: 120_000 }, body);
  else describe.skip(`${name} (no Kubernetes: ${clusterTrouble})`, body);
};
