import { describe, expect, it } from 'vitest';
import { describePull, progressWriter } from '../../../src/cli/pull-progress.js';
import { type PullStep, PullTally } from '../../../src/pool/drivers/image-progress.js';

const step = (layer: string, status: string, current?: number, total?: number): PullStep => ({
  image: 'x',
  layer,
  status,
  ...(current !== undefined && { current }),
  ...(total !== undefined && { total }),
});

describe('PullTally', () => {
  it('adds up the layers as the engine tells of them', () => {
    const tally = new PullTally('x', 1000);
    tally.add({ image: 'x', layer: 'latest', status: 'Pulling from team/x' });
    for (const layer of ['a', 'b', 'c']) tally.add(step(layer, 'Pulling fs layer'));
    tally.add(step('c', 'Already exists'));
    tally.add(step('a', 'Downloading', 10, 100));
    tally.add(step('b', 'Downloading', 5, 50));
    tally.add(step('a', 'Downloading', 60, 100));
    expect(tally.progress(1500)).toEqual({
      image: 'x',
      state: 'pulling',
      current: 65,
      total: 150,
      layers: { done: 1, known: 3 },
      since: 1000,
      took: 500,
    });
    tally.add(step('a', 'Download complete'));
    tally.add(step('a', 'Extracting', 3, 700));
    expect(tally.progress(1600)).toMatchObject({ current: 105, total: 150 });
    tally.add(step('a', 'Pull complete'));
    tally.add(step('b', 'Pull complete'));
    tally.end(3000);
    const done = { state: 'done', current: 150, total: 150, layers: { done: 3, known: 3 }, took: 2000 };
    expect(tally.progress(9999)).toMatchObject(done);
  });

  it('keeps the reason of a failure', () => {
    const tally = new PullTally('x', 0);
    tally.end(10, 'no such thing');
    expect(tally.progress(20)).toMatchObject({ state: 'failed', reason: 'no such thing', took: 10 });
    expect(describePull(tally.progress(20))).toBe('x could not be pulled: no such thing');
  });
});

describe('progressWriter', () => {
  const written = (tty: boolean): string => {
    let text = '';
    const write = progressWriter({
      tty,
      write: more => {
        text += more;
      },
    });
    const tally = new PullTally('x', 0);
    write(tally.progress(0));
    tally.add(step('a', 'Downloading', 45.2e6, 120e6));
    for (const now of [50, 150, 11_000]) write(tally.progress(now));
    tally.add(step('a', 'Pull complete'));
    tally.end(12_000);
    write(tally.progress(12_000));
    return text;
  };

  it('writes a line now and then to a file', () => {
    expect(written(false).trimEnd().split('\n')).toEqual([
      'pulling x …',
      'pulling x: 45 of 120 MB (37 %), 0 of 1 layers unpacked',
      'x is here (12.0 s)',
    ]);
  });

  it('renews one line on a terminal', () => {
    expect(written(true).match(/\r/g)).toHaveLength(3);
    expect(written(true)).toMatch(/x is here \(12\.0 s\)\n$/);
  });
});
