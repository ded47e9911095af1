import { errorText } from '../../errors.js';
import { ImageError } from '../driver.js';
import type { Engine } from './docker-engine.js';
import { eachJson } from './json-lines.js';

/** `missing`: pull what is not there. `always`: pull each image once per server start too. `never`: use what is there. */
export type PullPolicy = 'missing' | 'always' | 'never';

/** A step of a pull as the engine tells it; bytes where it counts them. */
export interface PullProgress {
  readonly image: string;
  readonly layer?: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

export interface ImageOptions {
  readonly policy: PullPolicy;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** A pull without any progress for so long has failed. In ms. */
const STALLED = 120_000;
/** An image that could not be pulled is not tried again in the background before this time. In ms. */
const RETRY_AFTER = 60_000;

/** `name` → `name:latest`: without a tag the engine would pull them all. */
export const withTag = (image: string): string =>
  image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;

/** Knows which images the engine has, and pulls each one once at a time. */
export class Images {
  private present = new Map<string, Promise<boolean>>();
  private readonly pulls = new Map<string, Promise<void>>();
  private readonly pulled = new Set<string>();
  private readonly failures = new Map<string, { readonly reason: string; readonly at: number }>();

  constructor(
    private readonly engine: Engine,
    private readonly options: ImageOptions,
  ) {}

  /** Whether the engine has the image: asked once, then remembered until `forget`. */
  has(image: string): Promise<boolean> {
    let present = this.present.get(image);
    if (!present) {
      present = this.engine.hasImage(image);
      present.catch(() => this.present.delete(image));
      this.present.set(image, present);
    }
    return present;
  }

  /** Call it when the engine's images have changed. */
  forget(): void {
    this.present.clear();
  }

  /** Why an image that is not there cannot be used, and what to do. */
  reason(image: string): string {
    if (this.pulls.has(image)) return `Image '${image}' is being pulled; try again when it is here.`;
    const failure = this.failures.get(image);
    const why = failure ? ` and could not be pulled (${failure.reason})` : '';
    return `Image '${image}' is not on this machine${why}. Get it with 'docker pull ${withTag(image)}', or build the runtimes' images with 'npm run images'.`;
  }

  /** Begins to pull an image in the background, unless it is there, on its way, has just failed, or pulls are off. */
  want(image: string): void {
    const failure = this.failures.get(image);
    if (this.options.policy === 'never' || (failure && performance.now() - failure.at < RETRY_AFTER)) return;
    void this.has(image)
      .then(present => (present ? undefined : this.pull(image)))
      .catch(() => {});
  }

  /** Pulls whatever the policy says must be pulled before a container of this image is made. Throws `ImageError`. */
  async prepare(image: string): Promise<void> {
    if (this.options.policy !== 'always' || this.pulled.has(image)) return;
    await this.pull(image).catch(async error => {
      if (!(await this.has(image))) throw error;
    });
    this.pulled.add(image);
  }

  /** Gets an image that the engine turned out not to have. Throws `ImageError`. */
  async fetchMissing(image: string): Promise<void> {
    this.present.set(image, Promise.resolve(false));
    if (this.options.policy === 'never') throw new ImageError(image, this.reason(image));
    await this.pull(image);
  }

  /** Pulls an image; callers that come meanwhile share the pull. Throws `ImageError`. */
  pull(image: string): Promise<void> {
    let pull = this.pulls.get(image);
    if (!pull) {
      pull = this.fetch(image).finally(() => this.pulls.delete(image));
      this.pulls.set(image, pull);
    }
    return pull;
  }

  private async fetch(image: string): Promise<void> {
    try {
      await this.follow(image);
      this.failures.delete(image);
      this.present.set(image, Promise.resolve(true));
    } catch (error) {
      this.failures.set(image, { reason: errorText(error).trim(), at: performance.now() });
      this.pulls.delete(image);
      throw new ImageError(image, this.reason(image));
    }
  }

  private async follow(image: string): Promise<void> {
    const stream = await this.engine.pull(withTag(image));
    let timer: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stream.destroy(new Error(`no progress for ${STALLED / 1000} s`)), STALLED);
    };
    let refusal: string | undefined;
    alive();
    try {
      await eachJson(stream, step => {
        alive();
        if (typeof step['error'] === 'string') refusal = step['error'];
        else this.tell(image, step);
      });
    } finally {
      clearTimeout(timer);
    }
    if (refusal !== undefined) throw new Error(refusal);
  }

  private tell(image: string, step: Readonly<Record<string, unknown>>): void {
    const detail = (step['progressDetail'] ?? {}) as { current?: number; total?: number };
    this.options.onProgress?.({
      image,
      status: String(step['status'] ?? ''),
      ...(typeof step['id'] === 'string' && { layer: step['id'] }),
      ...(detail.current !== undefined && { current: detail.current }),
      ...(detail.total !== undefined && { total: detail.total }),
    });
  }
}
