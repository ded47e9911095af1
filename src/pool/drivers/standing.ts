const FIRST_DELAY = 250;
const LAST_DELAY = 5_000;

/**
 * Connects and serves the connection until it ends; calls `up` once it stands. Resolves to why it ended, undefined when
 * that is no trouble; rejects when it broke or could not be made.
 */
type Connect = (up: () => void) => Promise<string | undefined>;

/**
 * One connection that is taken up again whenever it ends, ever more slowly while it cannot be. As long as it stands, the
 * other side is known to live and nobody has to ask. It begins with the first `ready`.
 */
export class Standing {
  private first: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private closed = false;
  /** Why it does not stand; undefined while it does. */
  trouble: string | undefined = 'it was not asked yet';

  constructor(
    private readonly connect: Connect,
    private readonly describe: (error: unknown) => string,
  ) {}

  /** Resolves once the other side has been tried; `trouble` then tells. */
  ready(): Promise<void> {
    this.first ??= new Promise(resolve => void this.keep(resolve));
    return this.first;
  }

  /** It is not taken up again; whoever serves it ends it. */
  close(): void {
    this.closed = true;
    this.wake?.();
  }

  private async keep(tried: () => void): Promise<void> {
    let delay = FIRST_DELAY;
    const up = (): void => {
      this.trouble = undefined;
      delay = FIRST_DELAY;
      tried();
    };
    while (!this.closed) {
      try {
        this.trouble = await this.connect(up);
      } catch (error) {
        this.trouble = this.describe(error);
      }
      tried();
      if (!this.closed) await this.pause(delay);
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
