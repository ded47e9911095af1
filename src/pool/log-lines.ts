/** Printed by a runtime on both streams after each run (OPENWHISK.md 5.4). */
export const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX';

const MARK = Buffer.from(SENTINEL);
const MARK_LINE = Buffer.from(`${SENTINEL}\n`);
const LF = 10;
const CR = 13;
const NOTHING = Buffer.alloc(0);
/** A larger buffer for unfinished lines is not kept once its line is over. */
const KEPT = 64 * 1024;

/** What a cutter finds, in the order of the stream. */
export interface LineSink {
  /** Bytes that a line may still have; below 0 the text is skipped and only sentinels are looked for. */
  room(): number;
  /** One line without its line end, or the beginning of one that has outgrown `room`. */
  line(line: Buffer): void;
  /** The sentinel. */
  end(): void;
}

/**
 * Cuts one output stream into lines and sentinels. What it finds does not depend on how the stream was chunked. The
 * sentinel counts wherever it stands: text before it on its line is a line of its own. It holds no more than one
 * unfinished line, and of that no more than there is room for.
 */
export class LineCutter {
  /** The unfinished line: the first `used` bytes. */
  private held: Buffer = NOTHING;
  private used = 0;
  /** The last bytes of the unfinished line: a sentinel may have begun in them. */
  private tail: Buffer = NOTHING;
  /** What of the sentinel's own line end may still come. */
  private expected: 'nothing' | 'CR or LF' | 'LF' = 'nothing';

  constructor(private readonly sink: LineSink) {}

  feed(chunk: Buffer): void {
    if (
      chunk.length === MARK_LINE.length &&
      this.tail.length === 0 &&
      this.expected === 'nothing' &&
      chunk.equals(MARK_LINE)
    ) {
      this.sink.end();
      return;
    }
    let at = this.skipLineEnd(chunk, 0);
    if (this.tail.length > 0) at = this.acrossChunks(chunk, at);
    for (;;) {
      const mark = chunk.indexOf(MARK, at);
      this.cut(chunk, at, mark === -1 ? chunk.length : mark);
      if (mark === -1) return;
      at = this.marked(chunk, mark + MARK.length);
    }
  }

  /** Hands over the unfinished line, if there is one. */
  flush(): void {
    if (this.used > 0) this.emit(NOTHING);
    this.tail = NOTHING;
  }

  /** A sentinel that began in an earlier chunk. Returns where to go on. */
  private acrossChunks(chunk: Buffer, at: number): number {
    const seam = Buffer.concat([this.tail, chunk.subarray(at, at + MARK.length - 1)]);
    const mark = seam.indexOf(MARK);
    if (mark === -1) return at;
    const end = at + mark + MARK.length - this.tail.length;
    this.used = Math.max(0, this.used - (this.tail.length - mark));
    return this.marked(chunk, end);
  }

  private marked(chunk: Buffer, end: number): number {
    this.flush();
    this.sink.end();
    this.expected = 'CR or LF';
    return this.skipLineEnd(chunk, end);
  }

  private skipLineEnd(chunk: Buffer, start: number): number {
    let at = start;
    if (this.expected === 'CR or LF' && chunk[at] === CR) {
      this.expected = 'LF';
      at++;
    }
    if (this.expected === 'nothing' || at === chunk.length) return at;
    this.expected = 'nothing';
    return chunk[at] === LF ? at + 1 : at;
  }

  /** Text that holds no sentinel. */
  private cut(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && this.sink.room() >= 0) {
      const end = chunk.indexOf(LF, at);
      if (end === -1 || end >= to) {
        this.hold(chunk.subarray(at, to));
        this.remember(chunk, at, to);
        return;
      }
      this.emit(chunk.subarray(at, end));
      this.tail = NOTHING;
      at = end + 1;
    }
    if (at < to) this.remember(chunk, at, to);
  }

  private hold(part: Buffer): void {
    const needed = this.used + part.length;
    if (needed > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.held.length * 2));
      this.held.copy(grown, 0, 0, this.used);
      this.held = grown;
    }
    part.copy(this.held, this.used);
    this.used = needed;
    // The last bytes may be the beginning of a sentinel; what is before them is text that no longer fits.
    if (this.used > this.sink.room() + MARK.length) this.emit(NOTHING);
  }

  private remember(chunk: Buffer, from: number, to: number): void {
    const keep = MARK.length - 1;
    const part = chunk.subarray(Math.max(from, to - keep), to);
    this.tail = Buffer.concat([this.tail, part]).subarray(-keep);
  }

  private emit(rest: Buffer): void {
    const line = this.used === 0 ? rest : Buffer.concat([this.held.subarray(0, this.used), rest]);
    this.used = 0;
    if (this.held.length > KEPT) this.held = NOTHING;
    this.sink.line(line);
  }
}
