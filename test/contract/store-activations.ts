import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Activation } from '../../src/entities/types.js';
import type { ActivationQuery } from '../../src/store/store.js';
import { activation, idOf, type Origin } from '../store/fixtures.js';
import type { Current } from './store.js';

const page = { skip: 0, limit: 100 };
const guest: ActivationQuery = { namespace: 'guest' };

/** What a list must say, by the plainest means. `history` in order of put. */
const model = (history: readonly { a: Activation; names: string[] }[], query: ActivationQuery): string[] =>
  history
    .filter(
      ({ a, names }) => a.namespace === query.namespace && (query.name === undefined || names.includes(query.name)),
    )
    .filter(({ a }) => a.start >= (query.since ?? -Infinity) && a.start <= (query.upto ?? Infinity))
    .map(({ a }, at) => ({ a, at }))
    .sort((x, y) => y.a.start - x.a.start || y.at - x.at)
    .map(({ a }) => a.activationId);

const namesOf = (name: string, origin: Origin): string[] => {
  if (origin === 'plain' || origin === 'trigger') return [name];
  return origin === 'packaged' ? [`utils/${name}`] : [`utils/${name}`, `mine/${name}`];
};

export const activationCases = (current: Current): void => {
  const ids = (query: ActivationQuery, at = page) =>
    current.store.activations.summaries(query, at).map(a => a.activationId);

  it('gives back what was put, before and after it is written', async () => {
    const full = activation(1, { cause: idOf(7), size: 12, statusCode: 2, logs: ['a\n', 'ü'], result: '{"x":[1, 2]}' });
    const trigger = activation(2, { name: 't', result: '{}' }, 'trigger');
    const { result: _, ...bare } = activation(3, { logs: [] });
    const check = () => {
      for (const a of [full, trigger, bare]) {
        expect(current.store.activations.get('guest', a.activationId)).toEqual(a);
        expect(current.store.activations.get('other', a.activationId)).toBeUndefined();
      }
    };
    for (const a of [full, trigger, bare]) current.store.activations.put(a);
    check();
    await current.store.activations.flush();
    check();
    await current.reopen();
    check();
    expect(current.store.activations.get('guest', idOf(99))).toBeUndefined();
    expect(current.store.activations.get('guest', 'no id')).toBeUndefined();
  });

  it('lists summaries without result and logs, records with docs', async () => {
    const a = activation(1);
    const { result: _r, logs: _l, duration: _d, size: _s, subject: _u, ...rest } = a;
    for (const written of [false, true]) {
      if (written) await current.store.activations.flush();
      else current.store.activations.put(a);
      expect(current.store.activations.summaries(guest, page)).toEqual([
        { ...rest, annotations: rest.annotations.text },
      ]);
      expect(current.store.activations.list(guest, page)).toEqual([a]);
    }
  });

  it('weighs a page as it is before and after it is written', async () => {
    const logs = ['x'.repeat(10_000), 'y'.repeat(20_000)];
    for (const n of [1, 2, 3]) current.store.activations.put(activation(n, { logs }));
    const weights = () =>
      [page, { skip: 0, limit: 1 }, { skip: 2, limit: 9 }, { skip: 3, limit: 9 }].map(at =>
        Math.floor(current.store.activations.weight(guest, at) / 30_000),
      );
    expect(weights()).toEqual([3, 1, 1, 0]);
    await current.store.activations.flush();
    expect(weights()).toEqual([3, 1, 1, 0]);
  });

  it('keeps the first of two with one id', async () => {
    for (const written of [false, true]) {
      current.store.activations.put(activation(1, { name: written ? 'late' : 'first' }));
      current.store.activations.put(activation(1, { name: 'second', start: 5 }));
      expect(current.store.activations.get('guest', idOf(1))?.name).toBe('first');
      expect(ids(guest)).toEqual([idOf(1)]);
      expect(current.store.activations.count(guest)).toBe(1);
      await current.store.activations.flush();
      expect(current.store.activations.get('guest', idOf(1))?.name).toBe('first');
      expect(current.store.activations.count(guest)).toBe(1);
    }
  });

  it('finds by simple name what is in no package, and by pkg/name what is', async () => {
    current.store.activations.put(activation(1));
    current.store.activations.put(activation(2, {}, 'packaged'));
    current.store.activations.put(activation(3, {}, 'bound'));
    current.store.activations.put(activation(4, {}, 'trigger'));
    for (const written of [false, true]) {
      if (written) await current.store.activations.flush();
      expect(ids({ ...guest, name: 'hello' })).toEqual([idOf(4), idOf(1)]);
      expect(ids({ ...guest, name: 'utils/hello' })).toEqual([idOf(3), idOf(2)]);
      expect(ids({ ...guest, name: 'mine/hello' })).toEqual([idOf(3)]);
      expect(ids({ ...guest, name: 'absent' })).toEqual([]);
      expect(current.store.activations.count({ ...guest, name: 'utils/hello' })).toBe(2);
    }
  });

  it('counts both bounds in', async () => {
    for (let n = 1; n <= 5; n++) current.store.activations.put(activation(n, { start: n * 10 }));
    for (const written of [false, true]) {
      if (written) await current.store.activations.flush();
      expect(ids({ ...guest, since: 20, upto: 40 })).toEqual([4, 3, 2].map(idOf));
      expect(current.store.activations.count({ ...guest, since: 20, upto: 40 })).toBe(3);
      expect(current.store.activations.count({ ...guest, since: 41, upto: 40 })).toBe(0);
      expect(current.store.activations.count({ ...guest, since: -5 })).toBe(5);
      expect(ids({ ...guest, upto: Number.MAX_SAFE_INTEGER }, { skip: 3, limit: 9 })).toEqual([2, 1].map(idOf));
    }
  });

  it('refuses what is no id and no time', () => {
    expect(() => current.store.activations.put(activation(1, { activationId: 'x' }))).toThrow(TypeError);
    expect(() => current.store.activations.put(activation(1, { start: 1.5 }))).toThrow(TypeError);
  });

  it('gives up an activation that can never be written, and no other', async () => {
    const loop: unknown[] = [];
    loop.push(loop);
    current.store.activations.put(activation(1));
    current.store.activations.put(activation(2, { logs: loop as Activation['logs'] }));
    current.store.activations.put(activation(3));
    await current.store.activations.flush();
    expect(ids(guest)).toEqual([3, 1].map(idOf));
  });

  it('pages any history as sorting it does', async () => {
    const history = fc.record({
      size: fc.integer({ min: 0, max: 1200 }),
      spread: fc.constantFrom(1, 3, 40, 5000),
      order: fc.constantFrom('forward', 'backward', 'random'),
      flushEvery: fc.constantFrom(7, 100, 450, 5000),
      reopenAt: fc.integer({ min: 0, max: 2400 }),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ size, spread, order, flushEvery, reopenAt, seed }) => {
        await current.renew();
        let state = seed >>> 0;
        const random = (n: number) => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return Math.floor((state / 2 ** 32) * n);
        };
        const put: { a: Activation; names: string[] }[] = [];
        for (let n = 0; n < size; n++) {
          const place = { forward: n, backward: size - n, random: random(size) }[order];
          const origin = (['plain', 'plain', 'packaged', 'bound', 'trigger'] as const)[random(5)] as Origin;
          const name = ['hello', 'cat'][random(2)] as string;
          const namespace = random(10) === 0 ? 'other' : 'guest';
          const a = activation(n, { name, namespace, start: Math.floor((place * spread) / (size + 1)) }, origin);
          current.store.activations.put(a);
          put.push({ a, names: namesOf(name, origin) });
          if (n % flushEvery === flushEvery - 1) await current.store.activations.flush();
          if (n === reopenAt) await current.reopen();
        }
        for (let i = 0; i < 12; i++) {
          const name = [undefined, 'hello', 'utils/hello', 'mine/cat'][random(4)];
          const [since, upto] = [random(spread + 1) - 1, random(spread + 1)];
          const query: ActivationQuery = {
            ...guest,
            ...(name !== undefined && { name }),
            ...(random(2) === 0 && { since }),
            ...(random(2) === 0 && { upto }),
          };
          const expected = model(put, query);
          const skip = random(expected.length + 3);
          const limit = random(200);
          expect(ids(query, { skip, limit })).toEqual(expected.slice(skip, skip + limit));
          expect(current.store.activations.count(query)).toBe(expected.length);
        }
      }),
      { numRuns: 25 },
    );
  });
};
