import { homedir, totalmem } from 'node:os';
import { join } from 'node:path';
import { limitOptions, sizeOption } from './limit-options.js';

/**
 * Every option of `miniwhisk start`, once: flags, environment (`MINIWHISK_` + upper snake case), config file and the
 * programmatic API are all made from this table. A JSON schema with a default and a one-line help.
 */
export interface Option {
  /** A list is a flag given several times, words with commas between them in the environment, a list in the file. */
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  readonly help: string;
  readonly default?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly items?: { readonly type: 'string'; readonly minLength: number };
  /** What a value looks like, where the schema alone does not say it well. */
  readonly form?: string;
}

const MB = 1024 * 1024;

/** Half of the machine's memory, at least OpenWhisk's 1024 MB. */
const defaultPoolMemory = (): number => Math.max(1024, Math.floor(totalmem() / MB / 2));

export const options = {
  port: {
    type: 'integer',
    minimum: 0,
    maximum: 65535,
    default: 3233,
    help: 'Port of the REST API; 0 takes any free one',
  },
  host: { type: 'string', minLength: 1, default: '127.0.0.1', help: 'Address to listen on' },
  tls: {
    type: 'boolean',
    default: false,
    help: 'Answer HTTPS (HTTP/2 and 1.1) too, with a self-signed certificate unless --tls-cert names one',
  },
  tlsPort: { type: 'integer', minimum: 0, maximum: 65535, default: 3443, help: 'Port for HTTPS; 0 takes any free one' },
  tlsCert: {
    type: 'string',
    minLength: 1,
    help: 'PEM file of the certificate, with its chain; read again when it changes',
  },
  tlsKey: { type: 'string', minLength: 1, help: "PEM file of the certificate's key" },
  trustProxy: {
    type: 'string',
    minLength: 1,
    help: 'Addresses or blocks (10.0.0.0/8), separated by commas, of proxies whose X-Forwarded-* headers are believed',
  },
  apiGw: { type: 'boolean', default: false, help: 'Serve APIs on a port of their own too (3234)' },
  apiGwPort: { type: 'integer', minimum: 0, maximum: 65535, help: "The API gateway's own port; implies --api-gw" },
  dataDir: {
    type: 'string',
    minLength: 1,
    default: join(homedir(), '.miniwhisk'),
    help: 'Where entities and activations are kept',
  },
  memory: { type: 'boolean', default: false, help: 'Keep everything in memory: no data dir, nothing survives a stop' },
  clean: { type: 'boolean', default: false, help: 'Delete what the data dir holds before starting' },
  driver: {
    type: 'string',
    enum: ['auto', 'docker', 'process', 'kubernetes'],
    default: 'auto',
    help: 'How functions run: in containers, as plain processes, or decided per kind; or as pods of a cluster',
  },
  dockerHost: {
    type: 'string',
    help: 'Docker engine to use, e.g. unix:///var/run/docker.sock (default: DOCKER_HOST, else the default socket)',
  },
  kubeConfig: {
    type: 'string',
    minLength: 1,
    help: 'Kubeconfig file (default: KUBECONFIG, ~/.kube/config, else the service account of the pod this runs in)',
  },
  kubeContext: { type: 'string', minLength: 1, help: 'Context of the kubeconfig to use (default: its current one)' },
  kubeNamespace: { type: 'string', minLength: 1, help: "Namespace for function pods (default: the context's)" },
  podTemplate: {
    type: 'string',
    minLength: 1,
    help: 'YAML or JSON file of a pod whose node selectors, tolerations, runtime class … every function pod gets',
  },
  kubeApiHost: {
    type: 'string',
    pattern: '^https?://[^/]+$',
    form: 'a URL such as http://miniwhisk.default.svc:3233',
    help: 'Where function pods reach this server (default: its address on the way to the cluster)',
  },
  kubeCores: {
    type: 'integer',
    minimum: 1,
    help: 'Cores of the nodes that functions run on (default: one for every 2 GB of --pool-memory)',
  },
  kubeStartTimeout: {
    type: 'number',
    minimum: 1,
    default: 60,
    help: 'Seconds that a pod may take to run, waiting for room in the cluster included',
  },
  pull: {
    type: 'string',
    enum: ['missing', 'always', 'never'],
    default: 'missing',
    help: 'When images are pulled: those not there, each once a start, or never',
  },
  registryMirror: {
    type: 'string',
    pattern: '^(https?://)?[A-Za-z0-9.-]+(:\\d+)?(/[a-z0-9._/-]+)?/?$',
    form: 'a registry such as mirror.example:5000',
    help: "Registry that is asked first for Docker Hub's images",
  },
  manifest: { type: 'string', minLength: 1, help: "Runtimes manifest in OpenWhisk's form (runtimes.json)" },
  kind: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    form: 'KIND=IMAGE, such as mylang=myorg/myimage:tag',
    help: 'KIND=IMAGE: a kind beside those of the manifest, or another image for one of them; may be repeated',
  },
  poolMemory: {
    type: 'integer',
    minimum: 128,
    default: defaultPoolMemory(),
    help: 'MB of memory that running functions may hold together',
  },
  pauseGrace: { type: 'number', minimum: 0, default: 10, help: 'Seconds after which an idle container is paused' },
  idleTimeout: { type: 'number', minimum: 0, default: 600, help: 'Seconds after which an idle container is removed' },
  scale: {
    type: 'string',
    enum: ['predictive', 'eager'],
    default: 'predictive',
    help: "When to start another container: when it pays, or for every waiting call (OpenWhisk's rule)",
  },
  maxQueue: {
    type: 'integer',
    minimum: 1,
    default: 10_000,
    help: 'Activations that may wait; beyond it calls are answered 503',
  },
  prewarm: { type: 'boolean', default: true, help: 'Keep stem cells as the manifest says, and as bursts teach' },
  adaptive: {
    type: 'boolean',
    default: true,
    help: 'Learn how many containers of a kind are wanted at once, and keep as many stem cells as memory allows',
  },
  eager: {
    type: 'boolean',
    help: 'Start a stem cell when an action is created or updated, ahead of its first call; unset: for plain processes only',
  },
  limits: {
    type: 'string',
    enum: ['local', 'openwhisk'],
    default: 'local',
    help: "Generous limits for local work, or OpenWhisk's own (60 calls a minute, 30 at once …); --limit-… sets single ones",
  },
  ...limitOptions,
  executeOnly: {
    type: 'boolean',
    default: false,
    help: "Others may run actions of a published package, but not read its contents (OpenWhisk's shared-packages-execute-only)",
  },
  retentionDays: {
    type: 'number',
    minimum: 0,
    default: 30,
    help: 'Days that activations are kept; 0: for ever',
  },
  retentionCount: {
    type: 'integer',
    minimum: 0,
    default: 1_000_000,
    help: 'Activations that are kept, the newest; 0: all',
  },
  retentionSize: { ...sizeOption('Size that stored activations may have; "0 B": any'), default: '2 GB' },
  users: { type: 'string', minLength: 1, help: 'JSON file of subjects to create at start' },
  grace: {
    type: 'number',
    minimum: 0,
    default: 10,
    help: 'Seconds that running activations get to finish when the server stops',
  },
  parameterStorage: {
    type: 'string',
    enum: ['noop', 'aes-128', 'aes-256'],
    default: 'noop',
    help: 'How parameters of actions and packages are encrypted at rest',
  },
  aes128Key: { type: 'string', minLength: 1, help: 'Key for aes-128: 16 bytes in base64, or @FILE that holds them' },
  aes256Key: { type: 'string', minLength: 1, help: 'Key for aes-256: 32 bytes in base64, or @FILE that holds them' },
  allowedHost: {
    type: 'string',
    minLength: 1,
    help: 'Further names of this server, separated by commas: calls to other names are refused; * allows all',
  },
  corsOrigin: {
    type: 'string',
    minLength: 1,
    help: "Origins whose pages may call the server's own routes without credentials, separated by commas; * allows all",
  },
  auth: {
    type: 'string',
    enum: ['default', 'generate'],
    default: 'default',
    help: "The guest's key: OpenWhisk's well-known one, or one made at the first start and kept",
  },
  durability: {
    type: 'string',
    enum: ['normal', 'full'],
    default: 'normal',
    help: 'What survives: a crash of the server (normal), or a power failure too, at a sync each commit (full)',
  },
  retryInterrupted: {
    type: 'boolean',
    default: false,
    help: 'Run activations again that a crash interrupted, instead of ending them as errors',
  },
  readyFile: { type: 'string', minLength: 1, help: 'Write {url, port, pid, auth} as JSON here once ready' },
  logFormat: { type: 'string', enum: ['pretty', 'json'], default: 'pretty', help: 'Form of the log on standard error' },
  logLevel: {
    type: 'string',
    enum: ['silent', 'warn', 'info', 'debug', 'trace'],
    default: 'warn',
    help: 'How much to log; warn has calls that failed, info application errors too, debug (-v) every call',
  },
  logErrors: {
    type: 'boolean',
    default: false,
    help: 'Log what failed functions said and printed: may show what they keep secret',
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof options;

type ValueOf<O> = O extends { enum: readonly (infer E)[] }
  ? E
  : O extends { type: 'string' }
    ? string
    : O extends { type: 'boolean' }
      ? boolean
      : O extends { type: 'array' }
        ? readonly string[]
        : number;

type WithDefault = { [K in OptionName]: (typeof options)[K] extends { default: unknown } ? K : never }[OptionName];

/** What the server runs with: validated, defaults filled in, frozen. */
export type Config = { readonly [K in WithDefault]: ValueOf<(typeof options)[K]> } & {
  readonly [K in Exclude<OptionName, WithDefault>]?: ValueOf<(typeof options)[K]>;
};

/** `dataDir` → `data-dir`. */
export const flagName = (name: string): string => name.replace(/[A-Z]/g, c => `-${c.toLowerCase()}`);

export const VARIABLE_PREFIX = 'MINIWHISK_';

/** `dataDir` → `MINIWHISK_DATA_DIR`. */
export const environmentName = (name: string): string =>
  `${VARIABLE_PREFIX}${flagName(name).replaceAll('-', '_').toUpperCase()}`;
