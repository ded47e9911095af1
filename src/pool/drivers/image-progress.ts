/** A step of a pull as the engine tells it; bytes where it counts them. */
export interface PullStep {
  readonly image: string;
  readonly layer?: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

/** How far a pull is, or what became of the last one of this image. Bytes; `total` grows while layers are being found. */
export interface PullProgress {
  readonly image: string;
  readonly state: 'pulling' | 'done' | 'failed';
  readonly current: number;
  readonly total: number;
  readonly layers: { readonly done: number; readonly known: number };
  /** Epoch ms. */
  readonly since: number;
  /** ms so far, or until its end. */
  readonly took: number;
  /** Why it failed. */
  readonly reason?: string;
}

const HERE = /^(Download complete|Pull complete|Already exists|Verifying Checksum|Extracting)/;
const DONE = /^(Pull complete|Already exists)/;

/** Adds up the steps of one pull. */
export class PullTally {
  private readonly layers = new Map<string, { current: number; total: number; done: boolean }>();
  private ended: { readonly at: number; readonly reason?: string } | undefined;

  constructor(
    private readonly image: string,
    private readonly since: number,
  ) {}

  add({ layer, status, current = 0, total = 0 }: PullStep): void {
    // The first line of a pull has the tag in place of a layer.
    if (layer === undefined || /^Pulling from/.test(status)) return;
    const known = this.layers.get(layer) ?? { current: 0, total: 0, done: false };
    if (status === 'Downloading') Object.assign(known, { current, total: Math.max(total, known.total) });
    // Unpacking is counted in bytes of its own; what was downloaded stays what it was.
    if (HERE.test(status)) known.current = known.total;
    known.done ||= DONE.test(status);
    this.layers.set(layer, known);
  }

  end(at: number, reason?: string): void {
    this.ended = { at, ...(reason !== undefined && { reason }) };
  }

  progress(now: number): PullProgress {
    const layers = [...this.layers.values()];
    const sum = (of: 'current' | 'total'): number => layers.reduce((bytes, layer) => bytes + layer[of], 0);
    const reason = this.ended?.reason;
    return {
      image: this.image,
      state: this.ended === undefined ? 'pulling' : reason === undefined ? 'done' : 'failed',
      current: sum('current'),
      total: sum('total'),
      layers: { done: layers.filter(({ done }) => done).length, known: layers.length },
      since: this.since,
      took: (this.ended?.at ?? now) - this.since,
      ...(reason !== undefined && { reason }),
    };
  }
}
