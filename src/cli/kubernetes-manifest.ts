import type { JsonObject } from '../json.js';

export interface ManifestOptions {
  readonly namespace: string;
  readonly image: string;
  /** Name under which an Ingress is to bring calls from outside; none without it. */
  readonly ingress?: string | undefined;
  readonly storage: string;
  /** MB of memory that functions may hold together. */
  readonly poolMemory: number;
  /** Further variables of the server, such as `MINIWHISK_PULL`. */
  readonly env: Readonly<Record<string, string>>;
}

const NAME = 'miniwhisk';
const PORT = 3233;
const PROXY_PORT = 8080;
const USER = 65534;
/** Running activations get so long, in s, and the server's own end some more. */
const GRACE = 60;
const SERVER = { app: NAME };
const FUNCTION = { 'miniwhisk.role': 'function' };

/** Addresses that are inside: of the cluster, of its nodes, of the cloud's own services. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8'];
const PRIVATE6 = ['fc00::/7', 'fe80::/10', '::1/128'];

const role = (metadata: JsonObject): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata,
  rules: [
    { apiGroups: [''], resources: ['pods'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
    // Their output is read by attaching; what one printed that ended before is in its log.
    { apiGroups: [''], resources: ['pods/attach'], verbs: ['get', 'create'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ],
});

const roleBinding = (metadata: JsonObject): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata,
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
  subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: metadata['namespace'] ?? '' }],
});

/** Functions are called by the server alone; they reach names, the server, and what is outside of the cluster. */
const functionPolicy = (namespace: string): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'miniwhisk-functions', namespace },
  spec: {
    podSelector: { matchLabels: FUNCTION },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [{ podSelector: { matchLabels: SERVER } }], ports: [{ protocol: 'TCP', port: PROXY_PORT }] }],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
            podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          },
        ],
        ports: ['UDP', 'TCP'].map(protocol => ({ protocol, port: 53 })),
      },
      { to: [{ podSelector: { matchLabels: SERVER } }], ports: [{ protocol: 'TCP', port: PORT }] },
      {
        to: [{ ipBlock: { cidr: '0.0.0.0/0', except: PRIVATE } }, { ipBlock: { cidr: '::/0', except: PRIVATE6 } }],
      },
    ],
  },
});

const serverPolicy = (namespace: string): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'miniwhisk-server', namespace },
  spec: {
    podSelector: { matchLabels: SERVER },
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ protocol: 'TCP', port: PORT }] }],
  },
});

const hostNames = (namespace: string, ingress: string | undefined): string =>
  [NAME, `${NAME}.${namespace}`, `${NAME}.${namespace}.svc`, `${NAME}.${namespace}.svc.cluster.local`, ingress]
    .filter(name => name !== undefined)
    .join(',');

const environment = ({ namespace, ingress, poolMemory, env }: ManifestOptions): JsonObject[] => {
  const variables: Record<string, string> = {
    MINIWHISK_DRIVER: 'kubernetes',
    MINIWHISK_HOST: '0.0.0.0',
    MINIWHISK_PORT: String(PORT),
    MINIWHISK_DATA_DIR: '/data',
    // This pod's own address: functions need no name service to call back.
    MINIWHISK_KUBE_API_HOST: `http://$(POD_IP):${PORT}`,
    MINIWHISK_ALLOWED_HOST: `${hostNames(namespace, ingress)},$(POD_IP)`,
    MINIWHISK_AUTH: 'generate',
    MINIWHISK_POOL_MEMORY: String(poolMemory),
    MINIWHISK_GRACE: String(GRACE - 15),
    MINIWHISK_LOG_FORMAT: 'json',
    ...env,
  };
  const address = { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } };
  return [address, ...Object.entries(variables).map(([name, value]) => ({ name, value }))];
};

const probe = (path: string, extra: JsonObject): JsonObject => ({
  httpGet: { path, port: PORT },
  timeoutSeconds: 5,
  ...extra,
});

const statefulSet = (options: ManifestOptions): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: NAME, namespace: options.namespace, labels: SERVER },
  spec: {
    // One process owns the database.
    replicas: 1,
    serviceName: NAME,
    selector: { matchLabels: SERVER },
    template: {
      metadata: { labels: SERVER },
      spec: {
        serviceAccountName: NAME,
        terminationGracePeriodSeconds: GRACE,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: USER,
          runAsGroup: USER,
          fsGroup: USER,
          fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'server',
            image: options.image,
            imagePullPolicy: 'IfNotPresent',
            args: ['start'],
            env: environment(options),
            ports: [{ name: 'http', containerPort: PORT }],
            startupProbe: probe('/ping', { periodSeconds: 1, failureThreshold: 120 }),
            livenessProbe: probe('/ping', { periodSeconds: 10, failureThreshold: 6 }),
            readinessProbe: probe('/miniwhisk/v1/ready', { periodSeconds: 2 }),
            resources: { requests: { cpu: '500m', memory: '384Mi' }, limits: { memory: '2Gi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [
              { name: 'data', mountPath: '/data' },
              { name: 'tmp', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: options.storage } } },
      },
    ],
  },
});

const ingressOf = (namespace: string, host: string): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: NAME, namespace },
  spec: {
    rules: [
      {
        host,
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: NAME, port: { name: 'http' } } } }],
        },
      },
    ],
  },
});

/** Everything that a namespace needs to run the server with functions as pods beside it, in the order to apply it. */
export const kubernetesManifest = (options: ManifestOptions): JsonObject[] => {
  const { namespace, ingress } = options;
  const metadata = { name: NAME, namespace };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    role(metadata),
    roleBinding(metadata),
    functionPolicy(namespace),
    serverPolicy(namespace),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: SERVER },
      spec: { selector: SERVER, ports: [{ name: 'http', port: PORT, targetPort: 'http' }] },
    },
    statefulSet(options),
    {
      // A drained node waits until somebody deletes the pod: there is no second one to take over.
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { minAvailable: 1, selector: { matchLabels: SERVER } },
    },
    ...(ingress === undefined ? [] : [ingressOf(namespace, ingress)]),
  ];
};
