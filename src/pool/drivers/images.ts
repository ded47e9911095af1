import { errorText } from '../../errors.js';
import { ImageError } from '../driver.js';
import type { Engine, EngineImage } from './docker-engine.js';
import { type PullProgress, PullTally } from './image-progress.js';
import { type PullOptions, pullImage, withTag } from './image-pull.js';

/** `missing`: pull what is not there. `always`: pull each image once per server start too. `never`: use what is there. */
export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageOptions extends PullOptions {
  readonly policy: PullPolicy;
  /** After every step of a pull, and at its end. */
  readonly onProgress?: (progress: PullProgress) => void;
}

/** What is known of an image. `note` as `Images.note`; `pull`: the one under way, or one that failed. */
export interface ImageReport {
  readonly image: string;
  readonly here: boolean;
  /** Bytes, of one that is here. */
  readonly size?: number;
  readonly note?: string;
  readonly pull?: PullProgress;
}

/** An image that could not be pulled is not tried again before these times, in the background and for a call. In ms. */
const RETRY_AFTER = 60_000;
const RETRY_FOR_CALL = 10_000;
/** What `npm run images` makes: no registry has them, and whoever took the name in one shall not be asked. */
const MADE_HERE = /^miniwhisk\/[^/]+:local$/;
/** Architectures that another one runs as its own. */
const NATIVE: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Knows which images the engine has, and pulls each one once at a time. */
export class Images {
  private present = new Map<string, Promise<EngineImage | undefined>>();
  private architecture: Promise<string> | undefined;
  private readonly pulls = new Map<string, Promise<void>>();
  private readonly pulled = new Set<string>();
  private readonly failures = new Map<string, { readonly reason: string; readonly at: number }>();
  private readonly tallies = new Map<string, PullTally>();

  constructor(
    private readonly engine: Engine,
    private readonly options: ImageOptions,
  ) {}

  /** Whether the engine has the image: asked once, then remembered until `forget`. */
  async has(image: string): Promise<boolean> {
    return (await this.find(image)) !== undefined;
  }

  /** What the user should know of an image that is there: that it is made for another machine. Never rejects. */
  async note(image: string): Promise<string | undefined> {
    try {
      this.architecture ??= this.engine.info().then(info => info.architecture);
      const [found, engine] = await Promise.all([this.find(image), this.architecture]);
      const made = found?.architecture ?? '';
      if (made === '' || engine === '' || made === engine || NATIVE[engine]?.includes(made)) return undefined;
      return `Image '${image}' is made for ${made} and the engine runs on ${engine}: it runs emulated and slowly, if at all. 'npm run images' makes images for this machine.`;
    } catch {
      this.architecture = undefined;
      return undefined;
    }
  }

  /** Call it when the engine's images have changed. */
  forget(): void {
    this.present.clear();
  }

  /** Why an image that is not there cannot be used, and what to do. */
  reason(image: string): string {
    const tally = this.pulls.has(image) ? this.tallies.get(image)?.progress(Date.now()) : undefined;
    if (tally) {
      const far = tally.total > 0 ? ` (${megabytes(tally.current)} of ${megabytes(tally.total)})` : '';
      return `Image '${image}' is being pulled${far}; try again when it is here.`;
    }
    if (MADE_HERE.test(image)) return `Image '${image}' is not on this machine. Make it with 'npm run images'.`;
    const failure = this.failures.get(image);
    const never = this.options.policy === 'never' ? ', and nothing is pulled (--pull never)' : '';
    const why = failure ? ` and could not be pulled (${failure.reason})` : never;
    return `Image '${image}' is not on this machine${why}. Get it with 'docker pull ${withTag(image)}', or build the runtimes' images with 'npm run images'.`;
  }

  /** Begins to pull an image in the background, unless it is there, on its way, has just failed, or pulls are off. */
  want(image: string): void {
    if (this.isHopeless(image, RETRY_AFTER)) return;
    void this.has(image)
      .then(present => (present ? undefined : this.pull(image)))
      .catch(() => {});
  }

  /**
   * Resolves when a container of the image can be made, pulled if the policy says so. Throws `ImageError`, at once where a
   * pull has just failed. An engine that cannot tell is left to say so when the container is made.
   */
  async provide(image: string): Promise<void> {
    const present = await this.has(image).catch(() => undefined);
    if (present === undefined) return;
    if (!present) await this.fetchMissing(image);
    else await this.prepare(image);
  }

  /** Pulls whatever the policy says must be pulled before a container of this image is made. Throws `ImageError`. */
  async prepare(image: string): Promise<void> {
    if (this.options.policy !== 'always' || this.pulled.has(image) || MADE_HERE.test(image)) return;
    await this.pull(image).catch(async error => {
      if (!(await this.has(image))) throw error;
    });
    this.pulled.add(image);
  }

  /** Gets an image that the engine turned out not to have. Throws `ImageError`. */
  async fetchMissing(image: string): Promise<void> {
    this.present.set(image, Promise.resolve(undefined));
    if (this.isHopeless(image, RETRY_FOR_CALL)) throw new ImageError(image, this.reason(image));
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

  /** The pulls under way, and how the last one of each other image ended. */
  progress(): PullProgress[] {
    return [...this.tallies.values()].map(tally => tally.progress(Date.now()));
  }

  /** What is known of these images, in two calls to the engine for all and one more for each that is here. */
  async report(images: readonly string[]): Promise<ImageReport[]> {
    const sizes = await this.engine.images();
    return Promise.all(
      [...new Set(images)].map(async (image): Promise<ImageReport> => {
        const size = sizes.get(withTag(image).replace(/^docker\.io\/(library\/)?/, ''));
        const here = size !== undefined || (image.includes('@') && (await this.has(image)));
        const note = here ? await this.note(image) : undefined;
        const pull = this.tallies.get(image)?.progress(Date.now());
        return {
          image,
          here,
          ...(size !== undefined && { size }),
          ...(note !== undefined && { note }),
          ...(pull && (pull.state === 'pulling' || !here) && { pull }),
        };
      }),
    );
  }

  private find(image: string): Promise<EngineImage | undefined> {
    let present = this.present.get(image);
    if (!present) {
      present = this.engine.image(image);
      present.catch(() => this.present.delete(image));
      this.present.set(image, present);
    }
    return present;
  }

  /** Whether there is no sense in a pull now. */
  private isHopeless(image: string, pause: number): boolean {
    if (this.options.policy === 'never' || MADE_HERE.test(image)) return true;
    const failure = this.failures.get(image);
    return failure !== undefined && !this.pulls.has(image) && performance.now() - failure.at < pause;
  }

  private async fetch(image: string): Promise<void> {
    const tally = new PullTally(image, Date.now());
    this.tallies.set(image, tally);
    const tell = (): void => this.options.onProgress?.(tally.progress(Date.now()));
    try {
      tell();
      await pullImage(this.engine, image, this.options, step => {
        tally.add(step);
        tell();
      });
      this.failures.delete(image);
      this.present.delete(image);
      tally.end(Date.now());
    } catch (error) {
      const reason = errorText(error).trim();
      this.failures.set(image, { reason, at: performance.now() });
      this.pulls.delete(image);
      tally.end(Date.now(), reason);
      throw new ImageError(image, this.reason(image));
    } finally {
      tell();
    }
  }
}
