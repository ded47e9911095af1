import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errorText } from '../../errors.js';
import { Engine, type EngineInfo, statusOf } from './docker-engine.js';
import { describeAddress, type EngineAddress, engineAddress } from './docker-host.js';
import { type ImageOptions, Images } from './images.js';
import { eachJson } from './json-lines.js';

export interface ImageStoreOptions extends ImageOptions {
  /** As DOCKER_HOST; undefined for the usual sockets. */
  readonly host?: string | undefined;
  readonly certificatePath?: string | undefined;
}

const GZIP = Buffer.from([0x1f, 0x8b]);

const isGzip = async (file: string): Promise<boolean> => {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(2);
    await handle.read(head, 0, 2, 0);
    return head.equals(GZIP);
  } finally {
    await handle.close();
  }
};

/** The engine's images for commands that run no functions. Whoever opened it closes it. */
export class ImageStore {
  readonly images: Images;
  private readonly at: EngineAddress;
  private readonly engine: Engine;

  /** Throws `UsageError` when the host is no address. */
  constructor(options: ImageStoreOptions) {
    this.at = engineAddress(options.host, options.certificatePath);
    this.engine = new Engine(this.at);
    this.images = new Images(this.engine, options);
  }

  get address(): string {
    return describeAddress(this.at);
  }

  /** What the engine says of itself. Rejects when none answers, or when it speaks no Docker. */
  async info(): Promise<EngineInfo> {
    try {
      await this.engine.ping();
      return await this.engine.info();
    } catch (error) {
      throw new Error(
        `No Docker engine answers at ${this.address} (${errorText(error).trim()}). Start it, or name another with --docker-host.`,
      );
    }
  }

  /** Writes images with all their layers to a tar file, gzipped by its name. `onBytes` is told how many there are so far. */
  async save(names: readonly string[], file: string, onBytes: (bytes: number) => void): Promise<void> {
    const part = `${file}.part`;
    let bytes = 0;
    const count = async function* (source: Readable): AsyncGenerator<Buffer> {
      for await (const chunk of source) {
        bytes += (chunk as Buffer).length;
        onBytes(bytes);
        yield chunk as Buffer;
      }
    };
    try {
      const archive = await this.engine.save(names);
      if (/\.t?gz$/.test(file)) await pipeline(archive, count, createGzip(), createWriteStream(part));
      else await pipeline(archive, count, createWriteStream(part));
      await rename(part, file);
    } catch (error) {
      await rm(part, { force: true });
      if (statusOf(error) === 404) throw new Error(`not every image is on this machine: ${errorText(error).trim()}`);
      throw error;
    }
  }

  /** Takes in a file of `save`, or of `docker save`. Resolves to the names of its images. */
  async load(file: string): Promise<string[]> {
    const source = createReadStream(file);
    const archive = (await isGzip(file)) ? source.pipe(createGunzip()) : source;
    const names: string[] = [];
    let refusal: string | undefined;
    try {
      await eachJson(await this.engine.load(archive), line => {
        const loaded = /^Loaded image(?: ID)?: (.+?)\s*$/.exec(String(line['stream'] ?? ''))?.[1];
        if (loaded !== undefined) names.push(loaded);
        if (typeof line['error'] === 'string') refusal = line['error'];
      });
    } finally {
      source.destroy();
    }
    if (refusal !== undefined) throw new Error(refusal);
    return names;
  }

  close(): void {
    this.engine.close();
  }
}
