import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../package-root.js';

/** A file of a kit: its path inside the kit, with slashes. */
export interface KitFile {
  readonly path: string;
  readonly data: Buffer;
  readonly executable: boolean;
}

export const kits = ['docker', 'actionloop'] as const;
export type Kit = (typeof kits)[number];

const runtimes = join(packageRoot, 'runtimes');

const filesOf = (folder: string, under: string): KitFile[] =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const file = join(folder, entry.name);
      const path = `${under}${entry.name}`;
      if (entry.isDirectory()) return filesOf(file, `${path}/`);
      return [{ path, data: readFileSync(file), executable: (statSync(file).mode & 0o100) !== 0 }];
    });

/** The proxy that every language of ActionLoop shares, as it lies in `runtimes/`. */
const PROXY = [
  'package.json',
  'nodejs/wire.js',
  'nodejs/archive.js',
  'actionloop/proxy.js',
  'actionloop/program.js',
  'actionloop/build.js',
];

/** Everything that a kit consists of. */
export const kitFiles = (kit: Kit): KitFile[] => {
  if (kit === 'docker') return filesOf(join(runtimes, 'skeleton', 'sdk'), '');
  const proxy = PROXY.map(path => ({
    path: `proxy/${path}`,
    data: readFileSync(join(runtimes, path)),
    executable: false,
  }));
  return [...filesOf(join(runtimes, 'actionloop', 'sdk'), ''), ...proxy];
};

const FOLDERS = 0o755;

/** Files below one folder as tar.gz; a folder comes before what is in it, as `wsk sdk install` needs. */
const tarGz = async (folder: string, files: readonly KitFile[], mtime: Date): Promise<Buffer> => {
  const { pack: newPack } = await import('tar-stream');
  const pack = newPack();
  const seen = new Set<string>();
  const enter = (path: string): void => {
    if (path === '.' || seen.has(path)) return;
    seen.add(path);
    enter(posix.dirname(path));
    pack.entry({ name: `${path}/`, type: 'directory', mode: FOLDERS, mtime });
  };
  for (const { path, data, executable } of files) {
    const name = `${folder}/${path}`;
    enter(posix.dirname(name));
    pack.entry({ name, mode: executable ? 0o755 : 0o644, mtime }, data);
  }
  pack.finalize();
  return gzipSync(await buffer(pack));
};

/** What `wsk sdk install docker` downloads as `/blackbox.tar.gz`. */
export const dockerSkeleton = (): Promise<Buffer> => {
  const { mtime } = statSync(join(runtimes, 'skeleton', 'sdk', 'Dockerfile'));
  return tarGz('dockerSkeleton', kitFiles('docker'), mtime);
};
