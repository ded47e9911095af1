import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { isImageReference } from '../../entities/exec.js';
import {
  type Availability,
  CommandNotFoundError,
  type Container,
  type ContainerSpec,
  type Driver,
  ImageError,
} from '../driver.js';
import { INSTANCE_LABEL } from './common-spec.js';
import { createGate } from './gate.js';
import { type ClusterOptions, faultOf, isOutage, isRefusal, KubernetesApi } from './kubernetes-api.js';
import { Backoff } from './kubernetes-backoff.js';
import { KubernetesContainer } from './kubernetes-container.js';
import type { PodNews, Trouble } from './kubernetes-pod.js';
import { labelValue, PROXY_PORT, podName, podOf } from './kubernetes-spec.js';
import { PodWatch } from './kubernetes-watch.js';

export interface KubernetesDriverOptions extends ClusterOptions {
  /** Names the server instance, the same at its next start: labels carry it, and `sweep` goes by it. */
  readonly instance: string;
  /** When nodes pull images, as `--pull` has it. */
  readonly pull: 'missing' | 'always' | 'never';
  readonly template?: V1PodTemplateSpec | undefined;
  /** How long a pod may take to run, a full cluster's room included, in ms. */
  readonly startTimeoutMs: number;
}

/** Calls that create or delete at the same time. */
const PARALLEL = 20;
const PULL = { missing: 'IfNotPresent', always: 'Always', never: 'Never' } as const;
const GONE: Trouble = { kind: 'refused', message: 'it was deleted' };

/** Runs containers as pods of one namespace of a Kubernetes cluster, each with an address that this process reaches. */
export class KubernetesDriver implements Driver {
  readonly name = 'kubernetes';
  /** The API has no pause: idle containers stay warm until they are removed. */
  readonly canPause = false;
  private readonly watch: PodWatch;
  private readonly selector: string;
  private readonly gate = createGate(() => PARALLEL);
  private readonly backoff = new Backoff();
  private readonly containers = new Map<string, KubernetesContainer>();
  /** Names of pods that are being made. */
  private readonly coming = new Set<string>();
  private readonly creating = new Set<Promise<unknown>>();
  private closed = false;

  private constructor(
    private readonly api: KubernetesApi,
    private readonly options: KubernetesDriverOptions,
  ) {
    this.selector = `${INSTANCE_LABEL}=${labelValue(options.instance)}`;
    this.watch = new PodWatch(api, this.selector);
  }

  /** Throws `UsageError` when the configuration names no cluster. Nothing is asked of it yet. */
  static async open(options: KubernetesDriverOptions): Promise<KubernetesDriver> {
    return new KubernetesDriver(await KubernetesApi.open(options), options);
  }

  /** Such as `https://10.0.0.1:6443`. */
  get server(): string {
    return this.api.server;
  }

  get namespace(): string {
    return this.api.namespace;
  }

  /** Whether the API answers; the first call waits for it. */
  async answers(): Promise<Availability> {
    await this.watch.ready();
    const { trouble } = this.watch;
    return trouble === undefined ? { usable: true } : this.unusable(trouble);
  }

  /** A watch stands though nothing comes on it from an API that hangs, so this asks. */
  async responds(): Promise<Availability> {
    try {
      await this.api.ping();
      return { usable: true };
    } catch (error) {
      return this.unusable(faultOf(error).message);
    }
  }

  /** Which images the nodes have, or can get, only a pod that is tried tells. */
  async available(_kind: string, image: string): Promise<Availability> {
    if (!isImageReference(image)) return { usable: false, reason: `'${image}' is no name of an image.` };
    return this.answers();
  }

  create(spec: ContainerSpec): Promise<Container> {
    const creation = this.make(spec).finally(() => this.creating.delete(creation));
    this.creating.add(creation);
    return creation;
  }

  async sweep(): Promise<number> {
    const { pods } = await this.api.list(this.selector);
    const left = pods
      .map(pod => pod.metadata?.name ?? '')
      .filter(name => !this.containers.has(name) && !this.coming.has(name));
    await Promise.all(left.map(name => this.gate(() => this.discard(name))));
    return left.length;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.backoff.served();
    await Promise.allSettled(this.creating);
    const removals = await Promise.allSettled([...this.containers.values()].map(container => container.remove()));
    this.watch.close();
    const failed = removals.find(removal => removal.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private unusable(why: string): Availability {
    const where = `in namespace '${this.namespace}'`;
    return {
      usable: false,
      reason: `The Kubernetes API at ${this.server} does not let this server watch pods ${where} (${why}).`,
    };
  }

  private async make(spec: ContainerSpec): Promise<Container> {
    if (!isImageReference(spec.image)) throw new ImageError(spec.image, `'${spec.image}' is no name of an image.`);
    await this.watch.ready();
    const deadline = Date.now() + this.options.startTimeoutMs;
    for (let trouble = 'the cluster has no room'; ; ) {
      const ended = await this.backoff.turn(deadline);
      if (this.closed) throw new Error('the Kubernetes driver is closed');
      if (!ended) throw new Error(`no pod for ${spec.name}: ${trouble}`);
      try {
        const made = await this.attempt(spec, deadline);
        if (made instanceof KubernetesContainer) return made;
        trouble = made.message;
        if (made.kind === 'image') throw new ImageError(spec.image, `Image '${spec.image}' cannot be had: ${trouble}`);
        if (made.kind === 'command') throw new CommandNotFoundError(spec.image);
        this.backoff.refused();
      } finally {
        ended();
      }
    }
  }

  /** One pod, from its creation until it runs. Resolves to why it does not. */
  private async attempt(spec: ContainerSpec, deadline: number): Promise<KubernetesContainer | Trouble> {
    const name = podName(spec.name);
    let container: KubernetesContainer | undefined;
    let tell: (news: PodNews) => void = () => {};
    const unfollow = this.watch.follow(name, news => (container ? container.heard(news) : tell(news)));
    this.coming.add(name);
    try {
      const running = this.untilRunning(deadline, listener => {
        tell = listener;
      });
      const refusal = await this.post(spec, name, deadline);
      if (refusal !== undefined) {
        unfollow();
        return refusal;
      }
      this.watch.made(name);
      const news = await running;
      if (news.at === 'running' || (news.at === 'ended' && !news.trouble)) {
        container = this.adopt(name, news, unfollow);
        if (news.at === 'running') await container.output.open();
        return container;
      }
      unfollow();
      await this.discard(name);
      return (news.at !== 'gone' && news.trouble) || GONE;
    } catch (error) {
      unfollow();
      await this.discard(name).catch(() => {});
      throw error;
    } finally {
      this.coming.delete(name);
    }
  }

  /** One that has ended already has no address; nothing ever listens on port 0, and `exited` tells the rest. */
  private adopt(name: string, news: PodNews, unfollow: () => void): KubernetesContainer {
    this.backoff.served();
    const address = news.at === 'running' ? { host: news.ip, port: PROXY_PORT } : { host: '127.0.0.1', port: 0 };
    const container = new KubernetesContainer(name, address, this.api, {
      removed: () => {
        this.containers.delete(name);
        unfollow();
        this.backoff.served();
      },
      persist: () => !this.closed,
    });
    this.containers.set(name, container);
    container.heard(news);
    return container;
  }

  /** Resolves to the news that it runs, or cannot, or did not until the deadline. */
  private untilRunning(deadline: number, listen: (listener: (news: PodNews) => void) => void): Promise<PodNews> {
    return new Promise(resolve => {
      let last: PodNews = { at: 'pending' };
      const timer = setTimeout(() => {
        const { trouble = { kind: 'refused', message: 'it did not run in time' } } = last.at === 'pending' ? last : {};
        resolve({ at: 'pending', trouble });
      }, deadline - Date.now());
      timer.unref();
      listen(news => {
        last = news;
        const kind = news.at === 'pending' ? news.trouble?.kind : undefined;
        if (kind === 'unschedulable') this.backoff.refused();
        if (news.at === 'pending' && kind !== 'image' && kind !== 'command') return;
        clearTimeout(timer);
        resolve(news);
      });
    });
  }

  /** Asks for the pod until the API has answered. Resolves to why there is no room for it; undefined when it is made. */
  private async post(spec: ContainerSpec, name: string, deadline: number): Promise<Trouble | undefined> {
    const { instance, template, pull } = this.options;
    const body = podOf(spec, name, { instance, template, pullPolicy: PULL[pull] });
    for (let again = false; ; again = true) {
      try {
        await this.gate(() => this.api.create(body));
        return undefined;
      } catch (error) {
        const fault = faultOf(error);
        // Its name is nobody else's: an earlier try whose reply was lost has made it.
        if (again && fault.status === 409) return undefined;
        if (isRefusal(fault)) return { kind: 'refused', message: fault.message };
        if (!isOutage(fault) || Date.now() > deadline || this.closed) throw new Error(fault.message);
        await new Promise(resolve => setTimeout(resolve, 250).unref());
      }
    }
  }

  private async discard(name: string): Promise<void> {
    try {
      await this.api.delete(name, 0);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.status !== 404) throw new Error(fault.message);
    }
  }
}
