import type { Runtimes } from '../runtimes/manifest.js';
import type { StemCells } from './prewarm-demand.js';

/** The stem cells of every kind in the manifest. */
export const stemCellsOf = (runtimes: Runtimes): StemCells[] =>
  runtimes.kinds().flatMap(name => {
    const runtime = runtimes.kind(name);
    if (runtime === undefined) return [];
    const { kind, image, stemCells } = runtime;
    return stemCells.map(({ memoryMb, ...counts }) => ({ kind, image, memory: memoryMb, ...counts }));
  });
