import type { KubeConfig } from '@kubernetes/client-node';
import { WebSocket } from 'ws';
import type { OutputStream } from '../driver.js';

/** One connection on which a container's output comes. */
export interface OutputSocket {
  pause(): void;
  resume(): void;
  close(): void;
}

export interface OutputHandlers {
  readonly data: (stream: OutputStream, chunk: Buffer) => void;
  /** Once; nothing comes after it. */
  readonly closed: () => void;
}

/**
 * Version 4 goes through the API server and the node's agent byte for byte: who answers is the node's container engine.
 * Version 5, which the Kubernetes client asks for first, ends at the API server, and that one answers before it has asked
 * the node. What is printed until an engine is attached is lost.
 */
const PROTOCOL = 'v4.channel.k8s.io';
/** The first byte of a message says what the rest belongs to (k8s.io/kubelet, cri/streaming/remotecommand). */
const CHANNELS: readonly (OutputStream | undefined)[] = [undefined, 'stdout', 'stderr'];

/** Time limits, in ms. */
const ANSWER = 5_000;
const FIRST_MESSAGE = 1_000;
/**
 * From the engine's first, empty message until it is at the container's output, for it asks the container's shim first: so
 * long at least, and as long again as all came to until that message, because a busy machine is slow in both.
 */
const ON_ITS_WAY = 30;
/** Often enough for proxies that drop connections on which nothing comes. */
const PING = 30_000;

/** Resolves when the engine is at the container's output, or the connection has ended; rejects when there was none. */
const attached = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    socket.on('error', reject);
    socket.once('unexpected-response', (_request, { statusCode }) => {
      reject(new Error(`the API answered ${statusCode}`));
      socket.terminate();
    });
    socket.once('open', () => {
      let timer = setTimeout(resolve, FIRST_MESSAGE);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.once('message', () => {
        clearTimeout(timer);
        timer = setTimeout(resolve, Math.max(ON_ITS_WAY, Math.min(FIRST_MESSAGE, performance.now() - began)));
      });
    });
  });

/**
 * Attaches to a running container: the log API mixes its two streams, this keeps them apart. Nothing printed before is
 * delivered. Begins paused. Rejects when it cannot be had.
 */
export const attach = async (
  kube: KubeConfig,
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  handlers: OutputHandlers,
): Promise<OutputSocket> => {
  const { namespace, name, container } = pod;
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  const server = (kube.getCurrentCluster()?.server ?? '').replace(/^http/, 'ws').replace(/\/+$/, '');
  const url = `${server}/api/v1/namespaces/${namespace}/pods/${name}/attach?${query}`;
  const options = { handshakeTimeout: ANSWER, perMessageDeflate: false };
  await kube.applyToHTTPSOptions(options);
  const socket = new WebSocket(url, [PROTOCOL], options);
  socket.on('message', (data: Buffer) => {
    const stream = CHANNELS[data[0] ?? 0];
    if (stream && data.length > 1) handlers.data(stream, data.subarray(1));
  });
  await attached(socket);
  socket.pause();
  const ping = setInterval(() => socket.ping(), PING);
  ping.unref();
  const closed = (): void => {
    clearInterval(ping);
    handlers.closed();
  };
  if (socket.readyState === WebSocket.CLOSED) queueMicrotask(closed);
  else socket.once('close', closed);
  return {
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
  };
};
