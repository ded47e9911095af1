/** Times in ms. */
export interface Distribution {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class Samples {
  private values: number[] = [];

  add(value: number): void {
    this.values.push(value);
  }

  distribution(): Distribution {
    const sorted = Float64Array.from(this.values).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Every number in `value`, however deep, to three significant places behind the point at most. */
export const rounded = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' ? round(v, v < 10 ? 3 : 1) : v))) as T;
