import type { ConfigurationOptions, CoreV1Api, KubeConfig, Observable, V1Pod, Watch } from '@kubernetes/client-node';
import { errorText, UsageError } from '../../errors.js';
import { attach, type OutputHandlers, type OutputSocket } from './kubernetes-attach.js';
import { withTimeLimit } from './time-limit.js';

export interface ClusterOptions {
  /** File of clusters and users; undefined: `KUBECONFIG`, then `~/.kube/config`, then the pod's own service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Undefined: the context's, or the pod's own. */
  readonly namespace?: string | undefined;
}

export type WatchEvent = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** What the API answered with: a status code (undefined: it did not answer) and its own text. */
export interface ApiFault {
  readonly status: number | undefined;
  readonly message: string;
}

/** Time limits of calls, in ms. One that asks for a sign of life is to tell of its absence soon. */
const PING_CALL = 5_000;
const CALL = 15_000;

/** The API's errors carry their text in a `Status` object, parsed or not. */
export const faultOf = (error: unknown): ApiFault => {
  const { code, body } = (error ?? {}) as { code?: unknown; body?: unknown };
  const status = typeof code === 'number' ? code : undefined;
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch {
      return { status, message: body.trim() || errorText(error) };
    }
  }
  const { message } = (value ?? {}) as { message?: unknown };
  return { status, message: typeof message === 'string' ? message : errorText(error).trim() };
};

/** What the API says when there is no room now: the quota is used up, or not counted yet, or it is itself too busy. */
export const isRefusal = ({ status, message }: ApiFault): boolean =>
  status === 429 || (status === 403 && /exceeded quota|status unknown for quota/i.test(message));
/** It did not answer, or not as itself: it may have made the pod all the same. */
export const isOutage = ({ status }: ApiFault): boolean => status === undefined || status >= 500;

const loadKubeConfig = async (options: ClusterOptions): Promise<KubeConfig> => {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const kube = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) kube.loadFromDefault();
    else kube.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw new UsageError(`The kubeconfig cannot be read: ${errorText(error)}`);
  }
  const { context } = options;
  if (context !== undefined) {
    const known = kube.getContexts().map(({ name }) => name);
    if (!known.includes(context))
      throw new UsageError(`The kubeconfig has no context '${context}'. It has: ${known.join(', ') || 'none'}.`);
    kube.setCurrentContext(context);
  }
  if (!kube.getCurrentCluster())
    throw new UsageError('The kubeconfig has no current context. Name one with --kube-context.');
  return kube;
};

/** What the client makes of a promise, for its middleware. */
type Observe = <T>(value: T) => Observable<T>;

/** The client knows no time limits: this gives a call's request a signal. */
const withSignal = (signal: AbortSignal, observe: Observe): ConfigurationOptions => ({
  middlewareMergeStrategy: 'append',
  middleware: [
    {
      pre: request => {
        request.setSignal(signal);
        return observe(request);
      },
      post: observe,
    },
  ],
});

/**
 * The calls of the Kubernetes API that the driver makes, all in one namespace. No policy. Calls that are no streams have
 * a time limit.
 */
export class KubernetesApi {
  private constructor(
    /** Such as `https://10.0.0.1:6443`. */
    readonly server: string,
    readonly namespace: string,
    private readonly core: CoreV1Api,
    private readonly watching: Watch,
    private readonly kube: KubeConfig,
    private readonly observe: Observe,
  ) {}

  /** Reads the configuration; asks nothing of the cluster. Throws `UsageError`. */
  static async open(options: ClusterOptions): Promise<KubernetesApi> {
    const kube = await loadKubeConfig(options);
    const { CoreV1Api, Observable, Watch } = await import('@kubernetes/client-node');
    const observe: Observe = value => new Observable(Promise.resolve(value));
    const namespace = options.namespace ?? kube.getContextObject(kube.getCurrentContext())?.namespace ?? 'default';
    const server = kube.getCurrentCluster()?.server ?? '';
    const core = kube.makeApiClient(CoreV1Api);
    return new KubernetesApi(server, namespace, core, new Watch(kube), kube, observe);
  }

  /** The cheapest thing that its rights allow: one pod at most, from the API server's cache. */
  async ping(): Promise<void> {
    const one = { namespace: this.namespace, limit: 1, resourceVersion: '0' };
    await this.within(PING_CALL, options => this.core.listNamespacedPod(one, options));
  }

  create(body: V1Pod): Promise<V1Pod> {
    return this.within(CALL, options => this.core.createNamespacedPod({ namespace: this.namespace, body }, options));
  }

  async delete(name: string, gracePeriodSeconds: number): Promise<void> {
    const which = { name, namespace: this.namespace, gracePeriodSeconds };
    await this.within(CALL, options => this.core.deleteNamespacedPod(which, options));
  }

  /** Pods with the label, and from where a watch goes on. */
  async list(labelSelector: string): Promise<{ readonly pods: V1Pod[]; readonly version: string }> {
    const which = { namespace: this.namespace, labelSelector };
    const { items, metadata } = await this.within(CALL, options => this.core.listNamespacedPod(which, options));
    return { pods: items, version: metadata?.resourceVersion ?? '' };
  }

  /** What a container printed so far, both streams in one, at most `limitBytes`. */
  logs(name: string, container: string, limitBytes: number): Promise<string> {
    const which = { name, container, limitBytes, namespace: this.namespace };
    return this.within(CALL, options => this.core.readNamespacedPodLog(which, options));
  }

  /** Resolves when the stream has ended, rejects when it broke. `signal` ends it. */
  watch(
    query: { readonly labelSelector: string; readonly resourceVersion: string },
    onEvent: (type: WatchEvent, pod: V1Pod) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/api/v1/namespaces/${this.namespace}/pods`;
    return new Promise((resolve, reject) => {
      const ended = (error: unknown): void => (error ? reject(error) : resolve());
      const request = { ...query, allowWatchBookmarks: true };
      this.watching
        .watch(path, request, (type, pod) => onEvent(type as WatchEvent, pod as V1Pod), ended)
        .then(stream => {
          if (signal.aborted) stream.abort();
          else signal.addEventListener('abort', () => stream.abort(), { once: true });
        }, reject);
    });
  }

  /** One container's output from now on (kubernetes-attach.ts). */
  attach(name: string, container: string, handlers: OutputHandlers): Promise<OutputSocket> {
    return attach(this.kube, { namespace: this.namespace, name, container }, handlers);
  }

  private within<T>(ms: number, call: (options: ConfigurationOptions) => Promise<T>): Promise<T> {
    return withTimeLimit(ms, 'it', signal => call(withSignal(signal, this.observe)));
  }
}
