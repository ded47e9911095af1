import type { V1Pod } from '@kubernetes/client-node';
import { faultOf, type KubernetesApi, type WatchEvent } from './kubernetes-api.js';
import { newsOf, type PodNews } from './kubernetes-pod.js';
import { Standing } from './standing.js';

/** A watch that ends sooner and says nothing is no watch, in ms. */
const AT_ONCE = 250;

type Listener = (news: PodNews) => void;

interface Followed {
  readonly listener: Listener;
  /** The API has said that it is there: when a list lacks it, it is gone. */
  known: boolean;
}

/**
 * The one watch of all pods of this server, taken up again with a list when it breaks, so that nothing is missed for
 * good. It begins with the first `ready`.
 */
export class PodWatch {
  private readonly followed = new Map<string, Followed>();
  private readonly stopping = new AbortController();
  private readonly standing: Standing;

  constructor(
    private readonly api: KubernetesApi,
    private readonly labelSelector: string,
  ) {
    this.standing = new Standing(
      up => this.stand(up),
      error => faultOf(error).message,
    );
  }

  /** Why the API does not answer; undefined while it does. */
  get trouble(): string | undefined {
    return this.standing.trouble;
  }

  /** Resolves once the API has been tried; `trouble` then tells. */
  ready(): Promise<void> {
    return this.standing.ready();
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
    this.standing.close();
    this.stopping.abort();
  }

  private async stand(up: () => void): Promise<undefined> {
    let version = await this.relist();
    up();
    // The API ends a watch every now and then: it goes on from where it was, without a list.
    while (!this.stopping.signal.aborted && version !== '') version = await this.watchFrom(version);
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
    return events === 0 && Date.now() - began < AT_ONCE ? '' : version;
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
}
