import { errorText } from '../../errors.js';
import { ImageError } from '../driver.js';
import type { Engine, EngineImage } from './docker-engine.js';
import { type PullProgress, PullTally } from './image-progress.js';
import { type PullOptions, pullImage, withTag } from './image-pull.js';
import { adviceFor, isMadeHere, localName, makingOf } from './local-images.js';

/** `missing`: pull what is not there. `always`: pull each image once per server start too. `never`: use what is there. */
export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageOptions extends PullOptions {
  readonly policy: PullPolicy;
  /** After every step of a pull, and at its end. */
  readonly onProgress?: (progress: PullProgress) => void;
  /** No process may stand in for a container: what is said of an image that is not there goes by it. */
  readonly onlyContainers?: boolean;
  /** Once for each image, when a container is made of what was built here in its place. */
  readonly onLocal?: (image: string, local: string) => void;
}

/** What is known of an image. `note` as `Images.note`; `pull`: the one under way, or one that failed. */
export interface ImageReport {
  readonly image: string;
  readonly here: boolean;
  /** The image built here that stands in for it. */
  readonly local?: string;
  /** Bytes, of one that is here. */
  readonly size?: number;
  readonly note?: string;
  readonly pull?: PullProgress;
}

/** An image that could not be pulled is not tried again before these times, in the background and for a call. In ms. */
const RETRY_AFTER = 60_000;
const RETRY_FOR_CALL = 10_000;
/** Architectures that another one runs as its own. */
const NATIVE: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** The name that the engine's list of images has for it. */
const listed = (image: string): string => withTag(image).replace(/^docker\.io\/(library\/)?/, '');

/**
 * Knows which images the engine has, and pulls each one once at a time. Where it lacks one of OpenWhisk's own and has what
 * `npm run images` made of the same name, that one stands in for it: the image counts as one that is here, except to who pulls it by name.
 */
export class Images {
  private present = new Map<string, Promise<EngineImage | undefined>>();
  private architecture: Promise<string> | undefined;
  private readonly pulls = new Map<string, Promise<void>>();
  private readonly pulled = new Set<string>();
  private readonly failures = new Map<string, { readonly reason: string; readonly at: number }>();
  private readonly tallies = new Map<string, PullTally>();
  private readonly toldLocal = new Set<string>();

  constructor(
    private readonly engine: Engine,
    private readonly options: ImageOptions,
  ) {}

  /** Whether the engine has the image, or what stands in for it: asked once, then remembered until `forget`. */
  async has(image: string): Promise<boolean> {
    return (await this.hasItself(image)) || (await this.standIn(image)) !== undefined;
  }

  async hasItself(image: string): Promise<boolean> {
    return (await this.find(image)) !== undefined;
  }

  /** What to make containers of: the image, or what stands in for it. Never rejects. */
  async nameOf(image: string): Promise<string> {
    const local = await this.standIn(image).catch(() => undefined);
    if (local === undefined) return image;
    if (!this.toldLocal.has(image)) this.options.onLocal?.(image, local);
    this.toldLocal.add(image);
    return local;
  }

  /** What the user should know of an image that is there: that it is made for another machine. Never rejects. */
  async note(image: string): Promise<string | undefined> {
    try {
      this.architecture ??= this.engine.info().then(info => info.architecture);
      const name = (await this.standIn(image)) ?? image;
      const [found, engine] = await Promise.all([this.find(name), this.architecture]);
      const made = found?.architecture ?? '';
      if (made === '' || engine === '' || made === engine || NATIVE[engine]?.includes(made)) return undefined;
      const making = makingOf(name);
      const instead = isMadeHere(name) ? '' : `, which is used when this one is removed ('docker image rm ${name}')`;
      const advice = making === undefined ? '' : ` '${making}' makes one for this machine${instead}.`;
      return `Image '${name}' is made for ${made} and the engine runs on ${engine}: it runs emulated and slowly, if at all.${advice}`;
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
    const failure = this.failures.get(image)?.reason;
    const never = this.options.policy === 'never' && !isMadeHere(image) ? ', and nothing is pulled (--pull never)' : '';
    const why = failure === undefined ? never : ` and could not be pulled (${failure})`;
    const { onlyContainers } = this.options;
    return `Image '${image}' is not on this machine${why}. ${adviceFor(image, { failure, onlyContainers })}`;
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
    if (this.options.policy !== 'always' || this.pulled.has(image) || isMadeHere(image)) return;
    await this.pull(image).catch(async error => {
      if (!(await this.has(image))) throw error;
    });
    this.pulled.add(image);
  }

  /** Has something to make a container of where the engine turned out to have no such image. Throws `ImageError`. */
  async regain(image: string): Promise<void> {
    this.forget();
    if ((await this.nameOf(image)) === image) await this.fetchMissing(image);
  }

  /** Gets an image that is not there, though another may stand in for it. Throws `ImageError`. */
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
        const own = sizes.get(listed(image));
        const name = localName(image) ?? image;
        const size = own ?? sizes.get(name);
        const local = own === undefined && size !== undefined && name !== image ? name : undefined;
        const here = size !== undefined || (image.includes('@') && (await this.has(image)));
        const note = here ? await this.note(image) : undefined;
        const pull = this.tallies.get(image)?.progress(Date.now());
        return {
          image,
          here,
          ...(local !== undefined && { local }),
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

  /** What was built here and is used because the image itself is not there. */
  private async standIn(image: string): Promise<string | undefined> {
    const local = localName(image);
    if (local === undefined || (await this.hasItself(image))) return undefined;
    return (await this.hasItself(local)) ? local : undefined;
  }

  /** Whether there is no sense in a pull now. */
  private isHopeless(image: string, pause: number): boolean {
    if (this.options.policy === 'never' || isMadeHere(image)) return true;
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
