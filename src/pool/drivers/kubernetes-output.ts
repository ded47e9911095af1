import type { OutputListener, OutputStream } from '../driver.js';
import type { KubernetesApi, OutputSocket } from './kubernetes-api.js';
import { ACTION_CONTAINER } from './kubernetes-pod.js';

/** Between two tries to attach, in ms: what lies between the API server and the node breaks connections now and then. */
const RETRY = 500;
/** Of what a container printed that ended before anybody could attach. */
const LAST_WORDS = 1024 * 1024;

/** A container's output: one attached stream, taken up again as long as the container lives. */
export class PodOutput {
  private socket: OutputSocket | undefined;
  private listener: OutputListener | undefined;
  private ended = false;
  private attached = false;
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

  /** The container has ended: resolves when all it printed was delivered, after `ms` at most. */
  async finish(ms: number): Promise<void> {
    this.ended = true;
    if (!this.attached) return this.lastWords();
    if (this.closed || !this.listening) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.onClosed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
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
    this.attached = true;
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

  /** Nobody could attach in time: the log has it still, though not which stream it came from. */
  private async lastWords(): Promise<void> {
    const text = await this.api.logs(this.pod, ACTION_CONTAINER, LAST_WORDS).catch(() => '');
    if (text !== '') this.deliver('stdout', Buffer.from(text));
  }

  private deliver(stream: OutputStream, chunk: Buffer): void {
    if (this.listener) this.listener(stream, chunk, Date.now());
    else this.early.push([stream, chunk]);
  }
}
