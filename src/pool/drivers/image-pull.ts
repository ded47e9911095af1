import { errorText } from '../../errors.js';
import type { Engine } from './docker-engine.js';
import type { PullStep } from './image-progress.js';
import { eachJson } from './json-lines.js';
import { hubPath, registryAuth, registryOf } from './registry-auth.js';

export interface PullOptions {
  /** Registry that is asked first for Docker Hub's images, such as `mirror.example:5000`. */
  readonly mirror?: string | undefined;
  /** Folder of the docker program's config.json, with the user's credentials. */
  readonly credentials?: string | undefined;
}

/** A pull without any progress for so long has failed. In ms. */
const STALLED = 120_000;

/** `name` → `name:latest`: without a tag the engine would pull them all. */
export const withTag = (image: string): string =>
  image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;

/** What the mirror calls an image of Docker Hub; undefined for others, and for those named by digest. */
const mirroredName = (image: string, mirror: string | undefined): string | undefined => {
  if (mirror === undefined || image.includes('@') || registryOf(image) !== 'docker.io') return undefined;
  return `${mirror.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/${hubPath(withTag(image))}`;
};

const toStep = (image: string, line: Readonly<Record<string, unknown>>): PullStep => {
  const detail = (line['progressDetail'] ?? {}) as { current?: number; total?: number };
  return {
    image,
    status: String(line['status'] ?? ''),
    ...(typeof line['id'] === 'string' && { layer: line['id'] }),
    ...(detail.current !== undefined && { current: detail.current }),
    ...(detail.total !== undefined && { total: detail.total }),
  };
};

/** Pulls what `source` names to its end. Rejects with the registry's refusal, or the engine's. */
const follow = async (
  engine: Engine,
  source: string,
  credentials: string | undefined,
  onLine: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> => {
  const auth = credentials === undefined ? undefined : await registryAuth(registryOf(source), credentials);
  const stream = await engine.pull(withTag(source), auth);
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stream.destroy(new Error(`no progress for ${STALLED / 1000} s`)), STALLED);
  };
  let refusal: string | undefined;
  alive();
  try {
    await eachJson(stream, line => {
      alive();
      if (typeof line['error'] === 'string') refusal = line['error'];
      else onLine(line);
    });
  } finally {
    clearTimeout(timer);
  }
  if (refusal !== undefined) throw new Error(refusal);
};

/** Pulls from the mirror under the mirror's name and gives the image its own; a name that was there before stays. */
const followMirror = async (
  engine: Engine,
  image: string,
  mirrored: string,
  credentials: string | undefined,
  onLine: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> => {
  const before = await engine.image(mirrored);
  await follow(engine, mirrored, credentials, onLine);
  await engine.tag(mirrored, withTag(image));
  if (before === undefined) await engine.untag(mirrored);
};

/** Pulls one image, from the mirror if there is one and it has it. Rejects with the reason of every place that was asked. */
export const pullImage = async (
  engine: Engine,
  image: string,
  { mirror, credentials }: PullOptions,
  onStep: (step: PullStep) => void,
): Promise<void> => {
  const onLine = (line: Readonly<Record<string, unknown>>): void => onStep(toStep(image, line));
  const mirrored = mirroredName(image, mirror);
  if (mirrored === undefined) return follow(engine, image, credentials, onLine);
  try {
    await followMirror(engine, image, mirrored, credentials, onLine);
  } catch (first) {
    await follow(engine, image, credentials, onLine).catch(second => {
      throw new Error(`${errorText(second).trim()}; as ${mirrored}: ${errorText(first).trim()}`);
    });
  }
};
