import { expect, it } from 'vitest';
import type { ActionDoc } from '../../src/entities/types.js';
import { silentLogger } from '../../src/log.js';
import type { Driver } from '../../src/pool/driver.js';
import type { Runtimes } from '../../src/runtimes/manifest.js';
import { createPreparation } from '../../src/server/prepare.js';
import { eventually } from '../support/rest.js';

const action = (exec: object): ActionDoc => ({ name: 'a', exec, limits: { memory: 128 } }) as unknown as ActionDoc;
const code = action({ kind: 'nodejs:20' });
const blackbox = action({ kind: 'blackbox', image: 'me/mine' });
const sequence = action({ kind: 'sequence', components: [] });
const unknown = action({ kind: 'gone:1' });

/** What is prepared for a sequence, a code action, an image and a kind that is gone, written in this order. */
const prepared = async (eager: boolean | undefined, driver: 'docker' | 'process' | Error): Promise<unknown[]> => {
  const stems: unknown[] = [];
  let asked = 0;
  const prepare = createPreparation({
    eager,
    pick: async () => {
      asked++;
      if (driver instanceof Error) throw driver;
      return { name: driver } as Driver;
    },
    pool: { prepare: stem => void stems.push(stem) },
    runtimes: { kind: (name: string) => (name === 'nodejs:20' ? { image: 'node' } : undefined) } as unknown as Runtimes,
    log: silentLogger(),
  });
  for (const one of [sequence, unknown, code, blackbox]) prepare(one);
  await eventually(() => (eager !== undefined || asked === 2 ? true : undefined));
  await new Promise(setImmediate);
  return stems;
};

const both = [
  { kind: 'nodejs:20', image: 'node', memory: 128 },
  { kind: 'blackbox', image: 'me/mine', memory: 128 },
];

it('prepares for processes unless told otherwise', async () => {
  expect(await prepared(undefined, 'process')).toEqual(both);
  expect(await prepared(false, 'process')).toEqual([]);
});

it('prepares for containers only when told to', async () => {
  expect(await prepared(undefined, 'docker')).toEqual([]);
  expect(await prepared(true, 'docker')).toEqual(both);
});

it('leaves it at that when no driver runs the kind', async () => {
  expect(await prepared(undefined, new Error('no toolchain'))).toEqual([]);
});
