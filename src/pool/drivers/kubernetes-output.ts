import { systemClock } from '../../clock.js';
import { settles } from '../container-watchdog.js';
import type { OutputListener, OutputStream } from '../driver.js';
import type { KubernetesApi } from './kubernetes-api.js';
import type { OutputSocket } from './kubernetes-attach.js';
import { ACTION_CONTAINER } from './kubernetes-pod.js';

/** Between two tries to attach, in ms: what lies between the API server and the node breaks connections now and then. */
const RETRY = 500;
/** Of what a container printed that ended: bytes that are read, and how long that may take, in ms. */
const LAST_WORDS = 1024 * 1024;
const LAST_WORDS_TIME = 2_000;

/** A container's output: one attached stream, taken up again as long as the container lives. */
export class PodOutput {
  private socket: OutputSocket | undefined;
  private listener: OutputListener | undefined;
  private ended = false;
  /** Bytes that the streams brought. */
  private delivered = 0;
  /** What came before there was a listener: little, for the stream is held until then. */
  private early: [OutputStream, Buffer][] = [];
  private onClosed: (() => void)[] = [];
  /** Nothing comes from it now. */
  closed = true;

  constructor(
    private readonly api: KubernetesApi,
    private readonly pod: string,
  ) {}

  get listening(): boolean {
    return this.listener !== undefined;
  }

  /** Resolves when it is attached, or has failed once; it then goes on trying. */
  async open(): Promise<void> {
    try {
      await this.attach();
    } catch {
      void this.again();
    }
  }

  /** The stream is not read before: until then the node holds what is printed. */
  listen(listener: OutputListener): void {
    this.listener = listener;
    for (const [stream, chunk] of this.early.splice(0)) listener(stream, chunk, Date.now());
    this.socket?.resume();
  }

  /**
   * The container has ended: resolves when all it printed was delivered. The streams get `ms` for that; `complete` asks the
   * log for what they did not bring, which takes a request.
   */
  async finish(ms: number, complete: boolean): Promise<void> {
    this.ended = true;
    if (!this.closed && this.listening) {
      await settles(systemClock, ms, new Promise<void>(resolve => this.onClosed.push(resolve)));
    }
    if (complete) await settles(systemClock, LAST_WORDS_TIME, this.lastWords());
  }

  close(): void {
    this.ended = true;
    this.socket?.close();
  }

  private async attach(): Promise<void> {
    this.closed = false;
    try {
      this.socket = await this.api.attach(this.pod, ACTION_CONTAINER, {
        data: (stream, chunk) => this.deliver(stream, chunk),
        closed: () => this.broke(),
      });
    } catch (error) {
      this.closed = true;
      throw error;
    }
    if (this.ended) this.socket.close();
    if (this.listening) this.socket.resume();
  }

  private broke(): void {
    this.closed = true;
    for (const done of this.onClosed.splice(0)) done();
    if (!this.ended) void this.again();
  }

  private async again(): Promise<void> {
    while (!this.ended) {
      await new Promise(resolve => setTimeout(resolve, RETRY).unref());
      if (this.ended) return;
      try {
        await this.attach();
        return;
      } catch {}
    }
  }

  /**
   * What a container prints right before its end may come over no stream: nobody was attached yet, or the node closed it
   * too soon. The log has it, though not which stream it came from.
   */
  private async lastWords(): Promise<void> {
    if (this.delivered >= LAST_WORDS) return;
    const text = Buffer.from(await this.api.logs(this.pod, ACTION_CONTAINER, LAST_WORDS).catch(() => ''));
    if (text.length > this.delivered) this.deliver('stdout', text.subarray(this.delivered));
  }

  private deliver(stream: OutputStream, chunk: Buffer): void {
    this.delivered += chunk.length;
    if (this.listener) this.listener(stream, chunk, Date.now());
    else this.early.push([stream, chunk]);
  }
}
