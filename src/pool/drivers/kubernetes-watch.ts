import type { V1Pod } from '@kubernetes/client-node';
import { faultOf, type KubernetesApi, type WatchEvent } from './kubernetes-api.js';
import { newsOf, type PodNews } from './kubernetes-pod.js';

const FIRST_DELAY = 250;
const LAST_DELAY = 5_000;

type Listener = (news: PodNews) => void;

interface Followed {
  readonly listener: Listener;
  /** The API has said that it is there: when a list lacks it, it is gone. */
  known: boolean;
}

/**
 * The one watch of all pods of this server, taken up again with a list when it breaks, so that nothing is missed for
 * good. As long as it stands the API is known to answer, and nobody has to ask. It begins with the first `ready`.
 */
export class PodWatch {
  private readonly followed = new Map<string, Followed>();
  private readonly stopping = new AbortController();
  private first: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  /** Why the API does not answer; undefined while it does. */
  trouble: string | undefined = 'it was not asked yet';

  constructor(
    private readonly api: KubernetesApi,
    private readonly labelSelector: string,
  ) {}

  /** Resolves once the API has been tried; `trouble` then tells. */
  ready(): Promise<void> {
    this.first ??= new Promise(resolve => void this.keep(resolve));
    return this.first;
  }

  /** Tells `listener` what becomes of the pod, from now on, until `gone` or the returned function is called. */
  follow(name: string, listener: Listener): () => void {
    const followed = { listener, known: false };
    this.followed.set(name, followed);
    return () => {
      if (this.followed.get(name) === followed) this.followed.delete(name);
    };
  }

  /** The API has accepted the pod, or its deletion: from now on its absence means that it is gone. */
  made(name: string): void {
    const followed = this.followed.get(name);
    if (followed) followed.known = true;
  }

  /** The API has said that there is no such pod. */
  gone(name: string): void {
    this.tell(name, { at: 'gone' });
  }

  close(): void {
    this.stopping.abort();
    this.wake?.();
  }

  private async keep(tried: () => void): Promise<void> {
    const { signal } = this.stopping;
    let delay = FIRST_DELAY;
    while (!signal.aborted) {
      try {
        let version = await this.relist();
        this.trouble = undefined;
        delay = FIRST_DELAY;
        tried();
        // The API ends a watch every now and then: it goes on from where it was, without a list.
        while (!signal.aborted && version !== '') version = await this.watchFrom(version);
      } catch (error) {
        this.trouble = faultOf(error).message;
      }
      tried();
      if (!signal.aborted) await this.pause(delay);
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }

  private async relist(): Promise<string> {
    const before = [...this.followed].filter(([, { known }]) => known).map(([name]) => name);
    const { pods, version } = await this.api.list(this.labelSelector);
    const there = new Set(pods.map(pod => this.apply('MODIFIED', pod)));
    for (const name of before) if (!there.has(name)) this.gone(name);
    return version;
  }

  /** Resolves to the version that was reached, or to nothing when a list is needed. */
  private async watchFrom(resourceVersion: string): Promise<string> {
    let version = resourceVersion;
    let events = 0;
    const began = Date.now();
    await this.api.watch(
      { labelSelector: this.labelSelector, resourceVersion },
      (type, pod) => {
        events++;
        if (type === 'ERROR') version = '';
        else if (version !== '') {
          version = pod.metadata?.resourceVersion ?? version;
          if (type !== 'BOOKMARK') this.apply(type, pod);
        }
      },
      this.stopping.signal,
    );
    // One that ends at once and says nothing would be taken up again in a tight loop.
    return events === 0 && Date.now() - began < FIRST_DELAY ? '' : version;
  }

  private apply(type: WatchEvent, pod: V1Pod): string {
    const name = pod.metadata?.name ?? '';
    const followed = this.followed.get(name);
    if (followed) {
      followed.known = true;
      this.tell(name, type === 'DELETED' ? { at: 'gone' } : newsOf(pod));
    }
    return name;
  }

  private tell(name: string, news: PodNews): void {
    const followed = this.followed.get(name);
    if (news.at === 'gone') this.followed.delete(name);
    followed?.listener(news);
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
