import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '1.32.3';
/** Programs that are built from Kubernetes' own module, which no Debian package has. */
const BUILT = ['kube-apiserver', 'kube-scheduler', 'kubelet', 'kube-proxy'] as const;
/** From the packages etcd-server, containerd, runc, kubernetes-client, containernetworking-plugins. */
const INSTALLED = ['etcd', 'containerd', 'ctr', 'runc', 'kubectl', 'ip'] as const;
/** Beside them a program of Kubernetes' controllers (kubernetes-controllers.go): StatefulSets, volumes and lost nodes are theirs. */
const CONTROLLERS = 'kube-controllers';

export const pluginDir = '/usr/lib/cni';

const { MINIWHISK_KUBERNETES_BIN, MINIWHISK_KUBERNETES, XDG_CACHE_HOME } = process.env;
const cache =
  MINIWHISK_KUBERNETES_BIN ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'miniwhisk', `kubernetes-${VERSION}`);

const find = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map(dir => join(dir, name))
    .find(file => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** The program's file: one that is built here, or an installed one. */
export const program = (name: string): string => {
  const built = join(cache, name);
  return existsSync(built) ? built : (find(name) ?? name);
};

/** Why no cluster can be started here; undefined where one can, if need be after building its programs. */
const trouble = (): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
  const missing = INSTALLED.filter(name => find(name) === undefined);
  if (missing.length > 0) return `no ${missing.join(', ')} here`;
  if (!existsSync(join(pluginDir, 'bridge'))) return `no CNI plugins in ${pluginDir}`;
  const unbuilt = [...BUILT, CONTROLLERS].filter(name => !existsSync(join(cache, name)));
  if (unbuilt.length === 0) return undefined;
  return MINIWHISK_KUBERNETES === '1' && find('go')
    ? undefined
    : `${unbuilt.join(', ')} not built; MINIWHISK_KUBERNETES=1 builds them`;
};

export const clusterTrouble = trouble();
/** Kubernetes' module needs its staging modules, named v0.0.0 there, at their published version. */
const goMod = async (folder: string): Promise<void> => {
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  const { stdout } = await run('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${VERSION}`], {
    cwd: folder,
    env,
  });
  const own = await readFile((JSON.parse(stdout) as { GoMod: string }).GoMod, 'utf8');
  const staging = [...own.matchAll(/^\s+(k8s\.io\/\S+) => \.\/staging/gm)].map(([, name]) => name);
  const lines = [
    'module miniwhisk.test/kubernetes',
    'go 1.23.0',
    'godebug default=go1.23',
    `require k8s.io/kubernetes v${VERSION}`,
    ...staging.map(name => `replace ${name} => ${name} v0${VERSION.slice(1)}`),
  ];
  await writeFile(join(folder, 'go.mod'), `${lines.join('\n')}\n`);
};

const build = async (name: string, source: string, folder: string): Promise<void> => {
  if (existsSync(join(cache, name))) return;
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  const file = join(cache, `${name}.new`);
  await run('go', ['build', '-ldflags=-s -w', '-o', file, source], { cwd: folder, env, maxBuffer: 1e8 });
  await rename(file, join(cache, name));
};

/** Builds what is not there yet: some five minutes of two cores and 4 GB of Go's cache, once. */
export const buildPrograms = async (): Promise<void> => {
  if ([...BUILT, CONTROLLERS].every(name => existsSync(join(cache, name)))) return;
  const folder = await mkdtemp(join(tmpdir(), 'mw-kubernetes-'));
  try {
    await goMod(folder);
    await mkdir(cache, { recursive: true });
    for (const name of BUILT) await build(name, `k8s.io/kubernetes/cmd/${name}`, folder);
    await mkdir(join(folder, CONTROLLERS));
    const source = fileURLToPath(new URL('../../test/support/kubernetes-controllers.go', import.meta.url));
    await copyFile(source, join(folder, CONTROLLERS, 'main.go'));
    await build(CONTROLLERS, `./${CONTROLLERS}`, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** A program of one's own without dependencies, built static: what an image from scratch can hold. */
export const buildStatic = (source: string, file: string): void => {
  const built = spawnSync('go', ['build', '-ldflags=-s -w', '-o', file, source], {
    env: { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' },
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`);
};
