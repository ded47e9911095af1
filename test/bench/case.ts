export type DriverName = 'docker' | 'process' | 'kubernetes';

/** One line of output: what was measured, what is bare beside it, and the bar it is held against. */
export interface Figure {
  readonly what: string;
  readonly driver: DriverName;
  /** The number that the bar is about; of several runs the one with the median is kept. */
  readonly figure: number;
  readonly unit: string;
  readonly bar: string;
  readonly met: boolean;
  readonly [more: string]: unknown;
}

export interface Case {
  readonly about: string;
  readonly drivers: readonly DriverName[];
  /** How often it is run; the default is 3. */
  readonly runs?: number;
  /** Each figure is kept by itself. */
  run(driver: DriverName): Promise<Figure[]>;
}

export const both: readonly DriverName[] = ['process', 'docker'];

export const NOOP = 'const main = () => ({});';
export const SLEEP = 'const main = () => new Promise(resolve => setTimeout(resolve, 100, {}));';
