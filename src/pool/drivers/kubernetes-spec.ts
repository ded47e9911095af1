import { randomBytes } from 'node:crypto';
import type { V1Container, V1EnvVar, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { ContainerSpec } from '../driver.js';
import { INSTANCE_LABEL, KEPT_CAPABILITIES } from './common-spec.js';
import { ACTION_CONTAINER } from './kubernetes-pod.js';

/** The port every action proxy listens on (OPENWHISK.md 5). */
export const PROXY_PORT = 8080;
/** On every function pod, of whichever server: what network policies select them by. */
const ROLE_LABEL = 'miniwhisk.role';

export interface PodOptions {
  readonly instance: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** What the user wants of every pod: node selectors, tolerations, a runtime class, pull secrets … */
  readonly template?: V1PodTemplateSpec | undefined;
}

/** Docker's weight of one core; Kubernetes makes 1024 shares of 1000 millicores. */
const SHARES = 1024;
/**
 * What a pod gets that somebody else deletes (a drained node): activations that run may end. The driver's own deletions
 * say what they want.
 */
const TERMINATION_GRACE = 60;
const NAME = 50;
const VALUE = 63;

/** A DNS label that nobody else has: names of pods that are still on their way out are taken. */
export const podName = (name: string): string => {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, NAME)
    .replaceAll(/^-+|-+$/g, '');
  return `${plain || 'wsk'}-${randomBytes(4).toString('hex')}`;
};

/** A label's value: at most 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends. */
export const labelValue = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, VALUE)
    .replace(/[^A-Za-z0-9]+$/, '');

const labelsOf = (spec: ContainerSpec, instance: string): Record<string, string> => {
  const { 'miniwhisk.action': path, ...others } = spec.labels;
  const [namespace, ...rest] = (path ?? '').split('/');
  const labels = {
    ...others,
    'miniwhisk.kind': spec.kind,
    ...(path !== undefined && { 'miniwhisk.namespace': namespace ?? '', 'miniwhisk.action': rest.join('.') }),
    [ROLE_LABEL]: 'function',
    [INSTANCE_LABEL]: instance,
  };
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, labelValue(value)]));
};

/**
 * Some images' proxies end on SIGTERM whatever they do: it comes when the pod's grace is over. Before, the server removes
 * the pod when its activation has ended.
 */
const lifecycleOf = (grace: number): Partial<V1Container> =>
  grace > 0 ? { lifecycle: { preStop: { sleep: { seconds: grace } } } } : {};

const container = (spec: ContainerSpec, options: PodOptions, base: Partial<V1Container>): V1Container => {
  const own = new Set(Object.keys(spec.env));
  const env: V1EnvVar[] = Object.entries(spec.env).map(([name, value]) => ({ name, value }));
  const memory = `${spec.memory}Mi`;
  const cpu = `${Math.max(1, Math.round((spec.cpuShares * 1000) / SHARES))}m`;
  return {
    ...lifecycleOf(options.template?.spec?.terminationGracePeriodSeconds ?? TERMINATION_GRACE),
    ...base,
    name: ACTION_CONTAINER,
    image: spec.image,
    imagePullPolicy: options.pullPolicy,
    env: [...(base.env ?? []).filter(({ name }) => !own.has(name)), ...env],
    ports: [{ containerPort: PROXY_PORT }],
    resources: {
      ...base.resources,
      requests: { cpu, ...base.resources?.requests, memory },
      limits: { ...base.resources?.limits, memory },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: KEPT_CAPABILITIES },
      ...base.securityContext,
    },
  };
};

/**
 * The pod of one function container. What the template says is kept, but for what the server relies on: one container of
 * its own with its image and memory, no restarts, no token of the cluster's.
 */
export const podOf = (spec: ContainerSpec, name: string, options: PodOptions): V1Pod => {
  const { metadata = {}, spec: base } = options.template ?? {};
  const labels = labelsOf(spec, options.instance);
  const containers = base?.containers ?? [];
  const action = containers.find(one => one.name === ACTION_CONTAINER);
  const path = spec.labels['miniwhisk.action'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...(path !== undefined && { 'miniwhisk/action': path }) },
    },
    spec: {
      enableServiceLinks: false,
      terminationGracePeriodSeconds: TERMINATION_GRACE,
      // Containers of one kind, stem cells before all, on as many nodes as there are.
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {
            matchLabels: {
              [INSTANCE_LABEL]: labels[INSTANCE_LABEL] ?? '',
              'miniwhisk.kind': labels['miniwhisk.kind'] ?? '',
            },
          },
        },
      ],
      ...base,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [container(spec, options, action ?? {}), ...containers.filter(one => one !== action)],
    },
  };
};
