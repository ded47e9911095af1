import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCK = path.join(tmpdir(), `miniwhisk-images-${process.getuid?.() ?? 0}.lock`);

interface Row {
  readonly kind: string;
  readonly image: { readonly prefix: string; readonly name: string; readonly tag: string };
}

const nameOf = ({ image }: Pick<Row, 'image'>): string => `${image.prefix}/${image.name}:${image.tag}`;

/** The name of the image that `npm run images` makes for a kind, or for `skeleton`. */
export const imageName = async (kind: string): Promise<string> => {
  const manifest = JSON.parse(await readFile(path.join(ROOT, 'runtimes/runtimes.local.json'), 'utf8')) as {
    runtimes: Record<string, Row[]>;
    blackboxes: Row['image'][];
  };
  if (kind === 'skeleton') return nameOf({ image: manifest.blackboxes[0]! });
  const row = Object.values(manifest.runtimes)
    .flat()
    .find(candidate => candidate.kind === kind);
  if (!row) throw new Error(`runtimes.local.json has no kind ${kind}`);
  return nameOf(row);
};

const holderIsGone = async (): Promise<boolean> => {
  try {
    process.kill(Number(await readFile(path.join(LOCK, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};

/** One build at a time on a machine: two at once would make the same base twice. */
const locked = async <T>(work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      await mkdir(LOCK);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await holderIsGone()) await rm(LOCK, { recursive: true, force: true });
      else await delay(100);
    }
  }
  try {
    await writeFile(path.join(LOCK, 'pid'), String(process.pid));
    return await work();
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
};

const built = new Map<string, Promise<string>>();

/** Builds a kind's image as it is in this checkout (seconds when its base is there) and resolves to its name. */
export const requireImage = (kind: string): Promise<string> => {
  let image = built.get(kind);
  if (!image) {
    const build = (): Promise<void> =>
      new Promise((resolve, reject) => {
        execFile(process.execPath, [path.join(ROOT, 'bin/images.js'), kind], (error, stdout, stderr) => {
          if (error) reject(new Error(`the image for ${kind} could not be built:\n${stdout}${stderr}`));
          else resolve();
        });
      });
    image = locked(build).then(() => imageName(kind));
    built.set(kind, image);
  }
  return image;
};
