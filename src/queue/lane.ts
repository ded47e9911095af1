import PQueue from 'p-queue';

/** Jobs after which a queue that has come to rest is replaced: it has a Map of what runs, which grows old (passing-map.ts). */
const RENEW = 64;

/**
 * The jobs of one executable that wait, oldest first, urgent ones ahead. `take` is called with the next job as soon as
 * a slot is free; the slot stays taken until the promise it returned resolves. `take` must not throw or reject.
 * `slots` counts free and taken ones together; it starts at 0.
 */
export class Lane<J> {
  private queue = new PQueue({ autoStart: false });
  /** Jobs that `queue` was given. */
  private queued = 0;
  private granted = 0;
  /** Slots of jobs that found one free when nobody waited: the queue never saw them. */
  private direct = 0;

  constructor(private readonly take: (job: J) => Promise<void>) {}

  /** Jobs that have not been taken yet. */
  get waiting(): number {
    return this.queue.size;
  }

  add(job: J, urgent: boolean): void {
    if (this.queue.size === 0 && this.direct + this.queue.pending < this.granted) {
      this.direct++;
      void this.take(job).then(() => {
        this.direct--;
        if (this.queue.size > 0) this.share();
      });
      return;
    }
    if (this.queued >= RENEW && this.queue.size === 0 && this.queue.pending === 0) {
      this.queue = new PQueue({ autoStart: false });
      this.queued = 0;
    }
    this.queued++;
    this.share();
    void this.queue.add(() => this.take(job), urgent ? { priority: 1 } : undefined);
  }

  set slots(slots: number) {
    if (slots === this.granted) return;
    this.granted = slots;
    this.share();
  }

  /** p-queue wants a concurrency of at least 1, so that no slot at all is a pause. */
  private share(): void {
    const slots = this.granted - this.direct;
    if (slots < 1) {
      this.queue.pause();
      return;
    }
    this.queue.concurrency = slots;
    this.queue.start();
  }
}
