import { type Clock, systemClock, type Timer } from '../clock.js';
import { logs as text } from '../messages.js';
import type { Container, OutputStream } from './driver.js';
import type { CollectedLogs } from './job.js';
import { LineCutter } from './log-lines.js';

/** Bytes that a formatted line has besides its text: they count against the limit, as upstream's JSON around it does. */
const OVERHEAD = 40;
const MB = 1024 * 1024;
/** Until `begin` says otherwise: what a prewarmed container may print. */
const FIRST_LIMIT = MB;
/** Waiting for sentinels (OPENWHISK.md 5.4). */
const IDLE = 2_000;
const TOTAL_PER_MB = 2_000;
const TOTAL_LEAST_MB = 5;
/** Without sentinels: a stream that was quiet so long after the reply has nothing more to say; and the longest wait. */
const QUIET = 20;
const QUIET_TOTAL = 500;

let stampedAt = -1;
let stamp = '';

/** `2016-11-07T21:56:18.000000000Z stdout: hello` (OPENWHISK.md 3.6). `time` in epoch ms. */
export const formatLogLine = (time: number, stream: OutputStream, line: string): string => {
  if (time !== stampedAt) {
    stampedAt = time;
    stamp = `${new Date(time).toISOString().slice(0, -1)}000000Z`.padEnd(30);
  }
  return `${stamp} ${stream}: ${line}`;
};

/** What one activation printed. */
interface Segment {
  readonly lines: string[];
  bytes: number;
  truncated: boolean;
}

interface Waiter {
  /** Whether missing sentinels are a failure. */
  readonly strict: boolean;
  readonly resolve: (logs: CollectedLogs) => void;
}

export interface LogOptions {
  /** Whether the runtime prints sentinels (manifest: `sentinelledLogs`). */
  readonly sentinels: boolean;
  readonly clock?: Clock;
}

const NOTHING: CollectedLogs = { lines: [], failed: false };

const newSegment = (): Segment => ({ lines: [], bytes: 0, truncated: false });

/** The first `size` bytes as text, without the torn character at the end. */
const beginning = (line: Buffer, size: number): string => {
  let end = size;
  while (end > 0 && ((line[end] as number) & 0xc0) === 0x80) end--;
  return line.toString('utf8', 0, end);
};

/**
 * Collects what one container prints and cuts it into activations at the sentinels. The two streams keep the order in
 * which their lines ended. Text that comes after an activation's sentinel belongs to the next one. When activations
 * overlap (concurrency > 1) their lines cannot be told apart: they go to whichever is collected first.
 */
export class LogCollector {
  /**
   * The first one is the next to be collected; a stream that has ended it already writes to a later one. There is one more
   * than runs that could still end, at most, and never more than two while none runs.
   */
  private segments: Segment[] = [newSegment()];
  private readonly position = { stdout: 0, stderr: 0 };
  private readonly cutters: Readonly<Record<OutputStream, LineCutter>>;
  private readonly clock: Clock;
  private waiters: Waiter[] = [];
  private timer: Timer | undefined;
  private waitingSince = 0;
  private lastOutput = 0;
  private running = 0;
  private limit = FIRST_LIMIT;
  private marks: boolean;
  private credible = true;
  private now = 0;

  constructor(container: Pick<Container, 'onOutput'>, options: LogOptions) {
    this.marks = options.sentinels;
    this.clock = options.clock ?? systemClock;
    this.cutters = { stdout: this.cutter('stdout'), stderr: this.cutter('stderr') };
    container.onOutput((stream, chunk, time) => {
      this.now = time;
      if (this.waiters.length > 0) this.lastOutput = this.clock.now();
      this.cutters[stream].feed(chunk);
    });
  }

  /**
   * Whether the container may begin its next run before the logs of the last one are collected: it has been seen, or is
   * known, to print sentinels.
   */
  get separable(): boolean {
    return this.marks;
  }

  /** Whether the container may say that a run printed nothing, and leave the sentinels out: it never said so wrongly. */
  get sentinelsOptional(): boolean {
    return this.credible;
  }

  /**
   * Call it once per job, before its first byte is sent. `limitBytes` bounds what is kept, 0 keeps nothing. Sentinels
   * that nobody waits for (the user printed one, or they came too late) are forgotten here.
   */
  begin(limitBytes: number): void {
    this.limit = limitBytes;
    if (this.running++ > 0 || this.waiters.length > 0) return;
    if (this.segments.length > 1) {
      const bytes = this.segments.reduce((n, s) => n + s.bytes, 0);
      const truncated = this.segments.some(s => s.truncated);
      this.segments = [{ lines: this.segments.flatMap(s => s.lines), bytes, truncated }];
    }
    this.position.stdout = 0;
    this.position.stderr = 0;
  }

  /**
   * The logs of the oldest activation not yet collected; one call for each `begin`. Resolves at once when both
   * sentinels are in. Never rejects. `strict`: the runtime must have printed sentinels (it answered, and is no
   * blackbox), so they are waited for as upstream does, and `failed` says that they did not come. Otherwise (developer
   * errors, time-outs, blackbox) it takes what there is as soon as the streams are quiet. `silent`: the container says
   * that the run printed nothing and that no sentinels follow.
   */
  collect({ strict, silent = false }: { readonly strict: boolean; readonly silent?: boolean }): Promise<CollectedLogs> {
    this.running = Math.max(0, this.running - 1);
    if (silent) return Promise.resolve(this.waiters.length > 0 ? NOTHING : this.takeSilent());
    if (this.waiters.length === 0 && (this.complete() || this.limit === 0)) return Promise.resolve(this.take(false));
    return new Promise(resolve => {
      this.waiters.push({ strict, resolve });
      if (this.waiters.length === 1) this.wait();
    });
  }

  /** What came all the same is its own: earlier ones have got theirs. */
  private takeSilent(): CollectedLogs {
    const logs = this.take(false);
    this.credible &&= logs.lines.length === 0;
    return logs;
  }

  private cutter(stream: OutputStream): LineCutter {
    return new LineCutter({
      room: () => {
        const segment = this.segmentOf(stream);
        return segment.truncated || this.limit === 0 ? -1 : Math.max(0, this.limit - segment.bytes);
      },
      line: line => this.add(stream, line),
      end: () => {
        // A function may print it, too, as often as it likes: no more count than there are runs that could have ended.
        if (this.position[stream] >= Math.max(1, this.running + this.waiters.length)) return;
        this.position[stream]++;
        if (!this.complete()) return;
        this.marks = true;
        if (this.waiters.length > 0) this.settle(false);
      },
    });
  }

  private segmentOf(stream: OutputStream): Segment {
    const index = this.position[stream];
    while (this.segments.length <= index) this.segments.push(newSegment());
    return this.segments[index] as Segment;
  }

  private add(stream: OutputStream, raw: Buffer): void {
    const segment = this.segmentOf(stream);
    if (segment.truncated || this.limit === 0) return;
    const length = raw.at(-1) === 13 ? raw.length - 1 : raw.length;
    const room = this.limit - segment.bytes - OVERHEAD;
    if (length <= room) {
      segment.bytes += length + OVERHEAD;
      segment.lines.push(formatLogLine(this.now, stream, raw.toString('utf8', 0, length)));
      return;
    }
    if (room > 0) segment.lines.push(formatLogLine(this.now, stream, beginning(raw, room)));
    segment.lines.push(formatLogLine(this.now, 'stderr', text.truncated(this.limit)));
    segment.truncated = true;
  }

  private complete(): boolean {
    return this.position.stdout > 0 && this.position.stderr > 0;
  }

  private wait(): void {
    this.waitingSince = this.clock.now();
    this.lastOutput = this.waitingSince;
    this.arm();
  }

  private arm(): void {
    const { strict } = this.waiters[0] as Waiter;
    const idle = strict ? IDLE : QUIET;
    const total = strict ? TOTAL_PER_MB * Math.max(TOTAL_LEAST_MB, this.limit / MB) : QUIET_TOTAL;
    const due = Math.min(this.lastOutput + idle, this.waitingSince + total);
    const left = due - this.clock.now();
    if (left <= 0) this.settle(true);
    else this.timer = this.clock.after(left, () => this.arm());
  }

  /** Ends the oldest wait, and those behind it whose activations are complete too. */
  private settle(forced: boolean): void {
    this.timer?.cancel();
    this.timer = undefined;
    const waiter = this.waiters.shift() as Waiter;
    waiter.resolve(this.take(forced && waiter.strict));
    if (this.waiters.length === 0) return;
    if (this.complete()) this.settle(false);
    else this.wait();
  }

  /** Takes the first segment; a stream that has not ended it goes on in the next one. */
  private take(failed: boolean): CollectedLogs {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.position[stream] === 0) this.cutters[stream].flush();
      else this.position[stream]--;
    }
    const { lines } = this.segments.shift() ?? newSegment();
    return { lines: this.limit === 0 ? [] : lines, failed };
  }
}
