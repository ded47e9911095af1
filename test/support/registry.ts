import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { docker } from './docker.js';

/** A tar archive of one empty file. */
const layer = (name: string): Buffer => {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write('00000000000\0', 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
};

const digestOf = (blob: Buffer): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`;

const digestOfFile = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
};

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes?: Buffer;
  readonly file?: string;
}

interface Content {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly folder?: string;
}

const inMemory = (bytes: Buffer): Blob => ({ digest: digestOf(bytes), size: bytes.length, bytes });

/** A layer that no image has. */
const freshLayer = (): Buffer => layer(`file-${process.pid}-${Date.now()}-${Math.random()}`);

/** An image of one empty file, that no other has. */
const smallest = (architecture: string): Content => {
  const tar = freshLayer();
  const config = {
    architecture,
    os: 'linux',
    config: { Cmd: ['/nothing'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    history: [],
  };
  return { config: inMemory(Buffer.from(JSON.stringify(config))), layers: [inMemory(tar)] };
};

/** An image that the local engine has, layer by layer, and one layer more: the engine would not pull what it has. */
const exported = async (image: string): Promise<Content> => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const archive = join(folder, 'image.tar');
  await docker('save', '--output', archive, image);
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder]);
  const [{ Config, Layers }] = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as [
    { Config: string; Layers: string[] },
  ];
  const layers = await Promise.all(
    Layers.map(async (name): Promise<Blob> => {
      const file = join(folder, name);
      return { digest: await digestOfFile(file), size: (await stat(file)).size, file };
    }),
  );
  const tar = freshLayer();
  const config = JSON.parse(await readFile(join(folder, Config), 'utf8'));
  config.rootfs.diff_ids.push(digestOf(tar));
  config.history.push({ created_by: 'test' });
  return { config: inMemory(Buffer.from(JSON.stringify(config))), layers: [...layers, inMemory(tar)], folder };
};

export interface Registry extends AsyncDisposable {
  /** Such as `127.0.0.1:40001`; every image name below it exists. */
  readonly host: string;
  /** How often a manifest was asked for by its tag, with credentials that are good. */
  readonly pulls: () => number;
  /** Paths asked for so far. */
  readonly asked: readonly string[];
  /** Holds back the layers from now on, until `release`. */
  hold(): void;
  release(): void;
}

export interface RegistryOptions {
  /** The image of the local engine that every name gives; one of an empty file when absent. */
  readonly image?: string;
  readonly architecture?: string;
  /** `user:password` that it asks for. */
  readonly login?: string;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** An image registry that gives one image for every name, through the protocol that engines pull with. */
export const startRegistry = async (options: RegistryOptions = {}): Promise<Registry> => {
  const architecture = options.architecture ?? (process.arch === 'arm64' ? 'arm64' : 'amd64');
  const { config, layers, folder } = options.image ? await exported(options.image) : smallest(architecture);
  const manifest = inMemory(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: {
          mediaType: 'application/vnd.docker.container.image.v1+json',
          size: config.size,
          digest: config.digest,
        },
        layers: layers.map(({ digest, size }) => ({
          mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
          size,
          digest,
        })),
      }),
    ),
  );
  const wanted = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`;
  const asked: string[] = [];
  let pulls = 0;
  let held: Promise<void> | undefined;
  let release = (): void => {};

  const server = createServer((request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    const send = async ({ digest, size, bytes, file }: Blob, contentType: string): Promise<void> => {
      if (layers.some(one => one.digest === digest)) await held;
      response.writeHead(200, {
        'content-type': contentType,
        'content-length': size,
        'docker-content-digest': digest,
        'docker-distribution-api-version': 'registry/2.0',
      });
      if (request.method === 'HEAD' || bytes) response.end(request.method === 'HEAD' ? undefined : bytes);
      else await pipeline(createReadStream(file as string), response).catch(() => {});
    };
    if (wanted && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const blob = [config, ...layers].find(one => url.endsWith(one.digest));
    if (url === '/v2/') void send(inMemory(Buffer.from('{}')), 'application/json');
    else if (url.includes('/manifests/')) {
      if (!url.includes('sha256:')) pulls++;
      void send(manifest, MANIFEST);
    } else if (blob) void send(blob, 'application/octet-stream');
    else response.writeHead(404).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    pulls: () => pulls,
    asked,
    hold: () => {
      held = new Promise(resolve => {
        release = resolve;
      });
    },
    release: () => release(),
    [Symbol.asyncDispose]: async () => {
      release();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
};
