import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clear, cutPower, Daemon, shimsOf } from './kubernetes-process.js';
import { pluginDir, program } from './kubernetes-programs.js';
import { eventually } from './rest.js';

const run = promisify(execFile);

export const PAUSE_IMAGE = 'miniwhisk.test/pause:1';

export interface NodeOptions {
  readonly name: string;
  readonly folder: string;
  /** The first three numbers of its pods' addresses. */
  readonly subnet: string;
  readonly bridge: string;
  readonly kubeconfig: string;
  readonly kubeletPort: number;
  /** Memory that pods may have, all together, in MB. */
  readonly memory: number;
}

const containerdConfig = ({ folder }: NodeOptions): string => `version = 2
root = "${folder}/containerd"
state = "${folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "${folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${pluginDir}"
conf_dir = "${folder}/cni"
`;

const cniConfig = ({ folder, bridge, subnet }: NodeOptions): object => ({
  cniVersion: '0.4.0',
  name: bridge,
  plugins: [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      ipam: {
        type: 'host-local',
        dataDir: `${folder}/addresses`,
        ranges: [[{ subnet: `${subnet}.0/24` }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    // Docker, where it runs, drops what is forwarded between bridges.
    { type: 'firewall', backend: 'iptables' },
  ],
});

const kubeletConfig = ({ folder, subnet, kubeletPort, memory }: NodeOptions, total: number): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: `${subnet}.1`,
  port: kubeletPort,
  healthzPort: 0,
  readOnlyPort: 0,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  systemReserved: { memory: `${Math.max(0, total - memory)}Mi` },
  failSwapOn: false,
  makeIPTablesUtilChains: false,
  localStorageCapacityIsolation: false,
  evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  imageGCHighThresholdPercent: 100,
  nodeStatusUpdateFrequency: '2s',
  maxPods: 200,
  kubeAPIQPS: 100,
  kubeAPIBurst: 200,
  registryPullQPS: 0,
  logging: { verbosity: 1 },
});

/** One machine of the cluster: a containerd and a kubelet of its own, pods on a bridge of its own. */
export class ClusterNode {
  private readonly daemons: Daemon[] = [];

  constructor(readonly options: NodeOptions) {}

  get name(): string {
    return this.options.name;
  }

  private get socket(): string {
    return join(this.options.folder, 'containerd.sock');
  }

  /** This machine's address on the bridge. */
  get gateway(): string {
    return `${this.options.subnet}.1`;
  }

  /** Where it is cut off from, so that its address is there before the first pod. */
  async prepare(): Promise<void> {
    const { bridge } = this.options;
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await run('ip', ['addr', 'add', `${this.gateway}/24`, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
  }

  async start(archives: readonly string[]): Promise<void> {
    const { folder, name, kubeconfig } = this.options;
    await mkdir(join(folder, 'cni'), { recursive: true });
    await writeFile(join(folder, 'containerd.toml'), containerdConfig(this.options));
    await writeFile(join(folder, 'cni', '10-bridge.conflist'), JSON.stringify(cniConfig(this.options)));
    const total = Number(/MemTotal:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]) / 1024;
    await writeFile(join(folder, 'kubelet.json'), JSON.stringify(kubeletConfig(this.options, Math.floor(total))));
    this.daemon('containerd', ['--config', join(folder, 'containerd.toml'), '--log-level', 'warn']);
    await eventually(
      () =>
        this.ctr('version')
          .then(() => true)
          .catch(() => undefined),
      20_000,
    );
    for (const archive of archives) await this.import(archive);
    this.daemon('kubelet', [
      `--config=${join(folder, 'kubelet.json')}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${join(folder, 'kubelet')}`,
      `--cert-dir=${join(folder, 'kubelet-pki')}`,
      `--hostname-override=${name}`,
      `--node-ip=${this.gateway}`,
    ]);
  }

  /** Brings in what `docker save` wrote. */
  async import(archive: string): Promise<void> {
    await this.ctr('images', 'import', '--no-unpack', archive).catch(() => this.ctr('images', 'import', archive));
  }

  /** Ends a pod's container as nobody expects it. */
  async killContainer(pod: string): Promise<void> {
    const rows = (
      await this.ctr(
        'containers',
        'ls',
        '-q',
        `labels."io.kubernetes.pod.name"==${pod},labels."io.kubernetes.container.name"==action`,
      )
    ).split('\n');
    for (const id of rows.filter(Boolean)) await this.ctr('tasks', 'kill', '--signal', 'SIGKILL', id);
  }

  /** As a power cut: kubelet, containerd and every container are gone at once, and nobody says so. */
  async cutPower(): Promise<void> {
    await Promise.all(this.daemons.map(daemon => daemon.stop('SIGKILL')));
    cutPower(this.socket);
    spawnSync('ip', ['link', 'set', this.options.bridge, 'down']);
  }

  /** Containers that are there, of whichever pod. */
  containers(): number {
    return shimsOf(this.socket).length;
  }

  said(): string {
    return this.daemons.map(daemon => daemon.said()).join('\n');
  }

  /** After its pods were deleted: waits a little for their containers to be gone, then takes everything away. */
  async stop(): Promise<void> {
    await eventually(() => (this.containers() === 0 ? true : undefined), 15_000).catch(() => {});
    await this.cutPower();
    spawnSync('ip', ['link', 'del', this.options.bridge]);
    clear(this.options.folder);
  }

  private daemon(name: string, args: readonly string[]): void {
    this.daemons.push(
      new Daemon(`${this.name} ${name}`, program(name), args, join(this.options.folder, `${name}.log`)),
    );
  }

  private async ctr(...args: string[]): Promise<string> {
    const { stdout } = await run(program('ctr'), ['--address', this.socket, '-n', 'k8s.io', ...args], {
      maxBuffer: 1e8,
    });
    return stdout.trim();
  }
}
