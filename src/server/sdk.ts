import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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

const BLOCK = 512;
const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

/** A header of the ustar format: path, mode, owner 0, size, time, check sum, type (0: file, 5: folder). */
const header = (path: string, size: number, mode: number, type: '0' | '5', mtime: number): Buffer => {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 100);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(mtime, 12), 136);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

/** Files below one folder as tar.gz; a folder comes before what is in it, as `wsk sdk install` needs. `mtime` in epoch s. */
export const tarGz = (folder: string, files: readonly KitFile[], mtime: number): Buffer => {
  const parts: Buffer[] = [];
  const seen = new Set<string>();
  const enter = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const slash = path.slice(0, -1).lastIndexOf('/');
    if (slash !== -1) enter(path.slice(0, slash + 1));
    parts.push(header(path, 0, 0o755, '5', mtime));
  };
  for (const { path, data, executable } of files) {
    const whole = `${folder}/${path}`;
    enter(whole.slice(0, whole.lastIndexOf('/') + 1));
    parts.push(header(whole, data.length, executable ? 0o755 : 0o644, '0', mtime), data);
    parts.push(Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
  }
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
};

/** What `wsk sdk install docker` downloads as `/blackbox.tar.gz`. */
export const dockerSkeleton = (): Buffer => {
  const { mtimeMs } = statSync(join(runtimes, 'skeleton', 'sdk', 'Dockerfile'));
  return tarGz('dockerSkeleton', kitFiles('docker'), Math.floor(mtimeMs / 1000));
};
