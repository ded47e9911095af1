import type { Address, Container, ExitInfo, OutputListener } from '../driver.js';
import { faultOf, type KubernetesApi } from './kubernetes-api.js';
import { PodOutput } from './kubernetes-output.js';
import type { PodNews } from './kubernetes-pod.js';
import { delay, removePersistently } from './removal.js';

/** How long the last output may lag behind the news of the container's end, in ms. */
const OUTPUT_GRACE = 250;
/**
 * A kubelet looks after its containers once a second, and the API has to be told: how long after a container's end the
 * news of it may come, in ms.
 */
const NEWS = 3_000;
/** What a living container gets to end, in s: the shortest that is no forced deletion. */
const GRACE = 1;
/** A node that has not done it by then does not answer, in ms. */
const FORCE_AFTER = 8_000;
const LONGEST_WAIT = 15_000;

interface Hooks {
  readonly removed: () => void;
  /** False once the driver is closing: then a removal that fails is not tried again. */
  readonly persist: () => boolean;
}

/** One function pod. The driver tells it what the watch says. */
export class KubernetesContainer implements Container {
  readonly exited: Promise<ExitInfo>;
  readonly leaving: Promise<void>;
  readonly exitNewsMs = NEWS;
  readonly output: PodOutput;
  private settle: (info: ExitInfo) => void = () => {};
  private leave: () => void = () => {};
  private vanish: () => void = () => {};
  private readonly vanished: Promise<void>;
  private ended = false;
  private left = false;
  private removal: Promise<void> | undefined;

  constructor(
    readonly id: string,
    readonly address: Address,
    private readonly api: KubernetesApi,
    private readonly hooks: Hooks,
  ) {
    this.output = new PodOutput(api, id);
    this.exited = new Promise(resolve => {
      this.settle = resolve;
    });
    this.leaving = new Promise(resolve => {
      this.leave = resolve;
    });
    this.vanished = new Promise(resolve => {
      this.vanish = resolve;
    });
  }

  heard(news: PodNews): void {
    if (news.at === 'running' && news.leaving && !this.removal) {
      this.left = true;
      this.leave();
    }
    if (news.at === 'ended') void this.died(news.exit);
    if (news.at !== 'gone') return;
    void this.died({ code: null, outOfMemory: false });
    this.vanish();
  }

  pause(): Promise<void> {
    return Promise.reject(new Error('pods cannot be paused'));
  }

  resume(): Promise<void> {
    return Promise.reject(new Error('pods cannot be paused'));
  }

  remove(): Promise<void> {
    this.removal ??= this.end();
    return this.removal;
  }

  onOutput(listener: OutputListener): void {
    this.output.listen(listener);
  }

  private async died(exit: ExitInfo): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.output.finish(OUTPUT_GRACE, this.removal === undefined);
    this.settle(exit);
  }

  /**
   * A living one gets its second to end, so that its memory is free when it is gone. A dead one goes at once, and so does
   * one that somebody else deletes: its node lets it live until the grace that it began with is over, whatever comes, and
   * whoever drains the node would wait for that.
   */
  private async end(): Promise<void> {
    const forced = this.ended || this.left;
    await this.delete(forced ? 0 : GRACE);
    if (!forced) {
      await Promise.race([this.vanished, delay(FORCE_AFTER)]);
      await this.delete(0);
    }
    this.vanish();
    this.hooks.removed();
    await this.died({ code: null, outOfMemory: false });
    await this.exited;
    this.output.close();
  }

  private delete(grace: number): Promise<void> {
    return removePersistently({
      remove: () => this.api.delete(this.id, grace),
      isGone: error => faultOf(error).status === 404,
      persist: this.hooks.persist,
      longestWait: LONGEST_WAIT,
    });
  }
}
