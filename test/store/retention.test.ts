import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { FakeClock } from '../support/fake-clock.js';
import { activation, idOf, open, testDir } from './fixtures.js';

const NEVER = Number.POSITIVE_INFINITY;
const keepAll = { maxAgeMs: NEVER, maxRecords: NEVER, maxBytes: NEVER };
const guest = { namespace: 'guest' };
const first = 1_700_000_000_000;

const numbers = (store: Store, name?: string): number[] =>
  store.activations
    .list({ ...guest, ...(name !== undefined && { name }) }, { skip: 0, limit: 10_000 })
    .map(a => JSON.parse(a.result as string).n);

const down = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, i) => from - i);

it('keeps the last so many', async () => {
  const clock = new FakeClock(first);
  const store = await open(undefined, { clock, retention: { ...keepAll, maxRecords: 300 } });
  for (let n = 1; n <= 1000; n++) store.activations.put(activation(n, { name: n % 2 ? 'odd' : 'even' }));
  await store.activations.flush();
  clock.advance(10_000);
  expect(numbers(store)).toEqual(down(1000, 701));
  expect(numbers(store, 'odd')).toEqual(down(1000, 701).filter(n => n % 2));
  expect(store.activations.count({ ...guest, upto: first + 800 })).toBe(100);
  expect(store.activations.get('guest', idOf(700))).toBeUndefined();
  await store.close();
});

it('removes what is too old, whenever it was put', async () => {
  const clock = new FakeClock(first + 5000);
  const store = await open(undefined, { clock, retention: { ...keepAll, maxAgeMs: 100_000 } });
  for (const n of [4000, 10, 3000, 20]) store.activations.put(activation(n, {}, 'bound'));
  store.activations.put(activation(30, { namespace: 'other' }));
  await store.activations.flush();
  clock.advance(95_000 + 60_000);
  expect(numbers(store)).toEqual([]);
  expect(store.activations.count({ ...guest, name: 'mine/hello' })).toBe(0);
  expect(store.activations.count({ namespace: 'other' })).toBe(0);
  store.activations.put(activation(200_000));
  await store.activations.flush();
  clock.advance(60_000);
  expect(numbers(store)).toEqual([200_000]);
  await store.close();
});

it('keeps so many bytes and gives the space back', async () => {
  using dir = testDir();
  const clock = new FakeClock(first);
  const retention = { ...keepAll, maxBytes: 1_000_000 };
  const store = await open(dir.path, { clock, retention });
  const result = (n: number) => `{"n":${n},"x":"${'x'.repeat(20_000)}"}`;
  for (let n = 1; n <= 500; n++) store.activations.put(activation(n, { result: result(n) }));
  await store.activations.flush();
  clock.advance(60_000);
  const kept = numbers(store);
  expect(kept).toEqual(down(500, 500 - kept.length + 1));
  expect(kept.length).toBeGreaterThan(40);
  expect(kept.length).toBeLessThanOrEqual(50);
  await store.close();
  expect(statSync(`${dir.path}/miniwhisk.db`).size).toBeLessThan(3_000_000);
  const again = await open(dir.path, { clock, retention });
  expect(numbers(again)).toEqual(kept);
  expect(again.activations.count(guest)).toBe(kept.length);
  expect(again.activations.count({ ...guest, name: 'hello' })).toBe(kept.length);
  await again.close();
});
