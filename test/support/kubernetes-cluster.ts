import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker } from './docker.js';
import { ClusterNode, PAUSE_IMAGE } from './kubernetes-node.js';
import { clear, Daemon } from './kubernetes-process.js';
import { buildPrograms, buildStatic, program } from './kubernetes-programs.js';
import { eventually } from './rest.js';

export interface ClusterOptions {
  readonly nodes?: number;
  /** Images of the Docker engine that the nodes are to have. */
  readonly images: readonly string[];
  /** Memory for pods on each node, in MB. */
  readonly memory?: number;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const connects = (host: string, port: number): Promise<true | undefined> =>
  new Promise(resolve => {
    const socket = createConnection({ host, port, timeout: 1_000 });
    const done = (answer?: true): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done());
    socket.once('timeout', () => done());
  });

const kubeconfigOf = (server: string, token: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'admin', user: { token } }],
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  'current-context': 'test',
});

/** What a sandbox needs: a process that waits until it is told to end. */
const PAUSE = `package main
import ("os"; "os/signal"; "syscall")
func main() { c := make(chan os.Signal, 1); signal.Notify(c, syscall.SIGTERM, syscall.SIGINT); <-c }
`;

const savePause = async (folder: string): Promise<string> => {
  const context = join(folder, 'pause');
  await mkdir(context);
  await writeFile(join(context, 'pause.go'), PAUSE);
  buildStatic(join(context, 'pause.go'), join(context, 'pause'));
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
  await docker('build', '-q', '-t', PAUSE_IMAGE, context);
  const archive = join(folder, 'pause.tar');
  await docker('save', '-o', archive, PAUSE_IMAGE);
  return archive;
};

/**
 * The first two numbers of addresses that nothing on this machine has: another cluster, or what one left that was killed,
 * would take the pods' replies.
 */
const freeNet = (): string => {
  const taken = Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(one => one.address) ?? []);
  for (let at = process.pid; at < process.pid + 100; at++) {
    const net = `10.${128 + (at % 100)}`;
    if (!taken.some(address => address.startsWith(`${net}.`))) return net;
  }
  throw new Error('Every network from 10.128 to 10.227 is taken by an interface of this machine (ip addr).');
};

/** A Kubernetes of the test's own: etcd, API server, scheduler, and nodes with a containerd and a kubelet each. */
export class Cluster implements AsyncDisposable {
  readonly nodes: ClusterNode[] = [];
  readonly namespace = 'functions';
  private readonly daemons: Daemon[] = [];
  private archives: string[] = [];
  private readonly token = randomBytes(16).toString('hex');
  /** The first two numbers of all its addresses. */
  private readonly net = freeNet();
  private proxied = false;
  server = '';

  private constructor(
    readonly folder: string,
    private readonly options: ClusterOptions,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    await buildPrograms();
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), 'mwk')), options);
    try {
      await cluster.up();
      return cluster;
    } catch (error) {
      const said = [...cluster.daemons.map(daemon => daemon.said()), ...cluster.nodes.map(node => node.said())];
      await cluster[Symbol.asyncDispose]();
      throw new Error(`${error instanceof Error ? error.message : error}\n${said.join('\n')}`);
    }
  }

  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  /** This machine's address, as every pod reaches it. */
  get gateway(): string {
    return (this.nodes[0] as ClusterNode).gateway;
  }

  /** Runs kubectl as the cluster's admin. */
  kubectl(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, KUBECONFIG: this.kubeconfig, HOME: this.folder };
      execFile(program('kubectl'), args, { env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`));
        else resolve(stdout.trim());
      });
    });
  }

  apply(...objects: object[]): Promise<string> {
    const file = join(this.folder, `apply-${randomBytes(4).toString('hex')}.json`);
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    return writeFile(file, JSON.stringify(list)).then(() => this.kubectl('apply', '-f', file));
  }

  /** Names of the pods with the label, in the namespace for functions. */
  async pods(selector = ''): Promise<string[]> {
    const rows = await this.kubectl(
      'get',
      'pods',
      '-n',
      this.namespace,
      '-o',
      'name',
      ...(selector ? ['-l', selector] : []),
    );
    return rows
      .split('\n')
      .filter(Boolean)
      .map(row => row.replace('pod/', ''));
  }

  async nodeOf(pod: string): Promise<string> {
    return this.kubectl('get', 'pod', pod, '-n', this.namespace, '-o', 'jsonpath={.spec.nodeName}');
  }

  node(name: string): ClusterNode {
    const found = this.nodes.find(node => node.name === name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  }

  /** Addresses of Services work from then on, for pods and on this machine. */
  async startProxy(): Promise<void> {
    const name = this.nodes[0]?.name ?? '';
    const none = ['max-per-core=0', 'tcp-timeout-established=0s', 'tcp-timeout-close-wait=0s'];
    this.proxied = true;
    this.daemon('kube-proxy', [
      `--kubeconfig=${this.kubeconfig}`,
      '--proxy-mode=iptables',
      `--cluster-cidr=${this.net}.0.0/16`,
      `--hostname-override=${name}`,
      `--healthz-bind-address=`,
      `--metrics-bind-address=127.0.0.1:${await freePort()}`,
      ...none.map(word => `--conntrack-${word}`),
    ]);
    // The first address of Services is the API's own.
    await eventually(() => connects(`${this.net}.255.1`, 443), 30_000).catch(error => {
      throw new Error(`${error.message}\n${this.daemons.at(-1)?.said()}`);
    });
  }

  /** Gives the nodes one more image of the Docker engine. */
  async import(image: string): Promise<void> {
    const archive = join(this.folder, `image-${randomBytes(4).toString('hex')}.tar`);
    await docker('save', '-o', archive, image);
    await Promise.all(this.nodes.map(node => node.import(archive)));
    await rm(archive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.daemons.every(daemon => daemon.running))
      await this.kubectl('delete', 'pods', '--all', '-A', '--force', '--grace-period=0').catch(() => '');
    await Promise.all(this.nodes.map(node => node.stop()));
    for (const daemon of this.daemons.reverse()) await daemon.stop();
    if (this.proxied) spawnSync(program('kube-proxy'), ['--cleanup'], { stdio: 'ignore' });
    clear(this.folder);
  }

  private async up(): Promise<void> {
    const { folder } = this;
    const [clients, peers, secure] = await Promise.all([freePort(), freePort(), freePort()]);
    const images = [...this.options.images];
    const saved = Promise.all([
      savePause(folder),
      ...images.map(async (image, n) => {
        await docker('save', '-o', join(folder, `image-${n}.tar`), image);
        return join(folder, `image-${n}.tar`);
      }),
    ]);
    for (let n = 0; n < (this.options.nodes ?? 1); n++) this.nodes.push(await this.prepareNode(n));
    this.server = `https://${this.gateway}:${secure}`;
    await writeFile(this.kubeconfig, JSON.stringify(kubeconfigOf(this.server, this.token)));
    await writeFile(join(folder, 'tokens.csv'), `${this.token},admin,admin,system:masters\n`);
    const etcd = `http://127.0.0.1:${clients}`;
    const peer = `http://127.0.0.1:${peers}`;
    this.daemon('etcd', [
      '--data-dir',
      join(folder, 'etcd'),
      '--listen-client-urls',
      etcd,
      '--advertise-client-urls',
      etcd,
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
      '--log-level',
      'error',
    ]);
    await this.startApiServer(etcd, secure);
    this.daemon('kube-scheduler', [`--kubeconfig=${this.kubeconfig}`, '--leader-elect=false', '--secure-port=0']);
    this.daemon('kube-controllers', [this.kubeconfig, join(folder, 'pki', 'apiserver.crt')]);
    this.archives = await saved;
    await Promise.all(this.nodes.map(node => node.start(this.archives)));
    await eventually(async () => {
      const ready = await this.kubectl(
        'get',
        'nodes',
        '-o',
        'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
      );
      return ready.split(' ').filter(word => word === 'True').length === this.nodes.length ? true : undefined;
    }, 60_000);
    await this.kubectl('create', 'namespace', this.namespace);
    await eventually(async () => {
      const taints = await this.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.taints}');
      const account = await this.kubectl('get', 'serviceaccount', 'default', '-n', this.namespace).catch(() => '');
      return taints === '' && account !== '' ? true : undefined;
    }, 30_000);
  }

  private async startApiServer(etcd: string, port: number): Promise<void> {
    const { folder } = this;
    const key = join(folder, 'service-account.key');
    await new Promise<void>((resolve, reject) =>
      execFile('openssl', ['genrsa', '-out', key, '2048'], error => (error ? reject(error) : resolve())),
    );
    this.daemon('kube-apiserver', [
      `--etcd-servers=${etcd}`,
      `--secure-port=${port}`,
      `--bind-address=${this.gateway}`,
      `--cert-dir=${join(folder, 'pki')}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--anonymous-auth=false',
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      `--service-cluster-ip-range=${this.net}.255.0/24`,
      '--allow-privileged=true',
      '--profiling=false',
      '--enable-priority-and-fairness=false',
      '--max-requests-inflight=2000',
      '--max-mutating-requests-inflight=1000',
    ]);
    await eventually(
      () =>
        this.kubectl('get', '--raw', '/readyz')
          .then(() => true)
          .catch(() => undefined),
      60_000,
    );
  }

  private async prepareNode(n: number): Promise<ClusterNode> {
    const node = new ClusterNode({
      name: `node-${n + 1}`,
      folder: join(this.folder, `n${n + 1}`),
      subnet: `${this.net}.${n}`,
      bridge: `mwk${process.pid % 100_000}n${n}`,
      kubeconfig: this.kubeconfig,
      kubeletPort: await freePort(),
      memory: this.options.memory ?? 4096,
    });
    await node.prepare();
    return node;
  }

  private daemon(name: string, args: readonly string[]): void {
    this.daemons.push(new Daemon(name, program(name), args, join(this.folder, `${name}.log`)));
  }
}
