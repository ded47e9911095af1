import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/store/store.js';
import { activation, idOf } from '../store/fixtures.js';
import type { Current } from './store.js';

export const journalCases = (current: Current): void => {
  const accept = (...ns: number[]) =>
    current.store.journal.accept(ns.map(n => ({ id: idOf(n), payload: `{"n":${n}}` })));
  const open = () => current.store.journal.pending().map(({ id, state }) => [id, state]);

  it('lists what was accepted and has not ended, in order, with its payload', async () => {
    await accept(3, 1);
    await Promise.all([accept(2), current.store.journal.accept([{ id: idOf(4), payload: Buffer.from('"bytes"') }])]);
    await current.reopen();
    expect(open()).toEqual([3, 1, 2, 4].map(n => [idOf(n), 'accepted']));
    expect(current.store.journal.payload(idOf(3))).toBe('{"n":3}');
    expect(current.store.journal.payload(idOf(4))).toBe('"bytes"');
    expect(current.store.journal.payload(idOf(9))).toBeUndefined();
  });

  it('keeps what entries share once, until the last of them has ended', async () => {
    const { journal } = current.store;
    const entry = (n: number) => ({ id: idOf(n), payload: `{"n":${n}}` });
    await journal.accept([entry(1)]);
    await Promise.all([
      journal.accept([entry(2), entry(3)], '"first"'),
      journal.accept([entry(4), entry(1)], Buffer.from('"second"')),
    ]);
    const shared = () =>
      current.store.journal
        .pending()
        .map(({ id, shared }) => [id, shared === undefined ? undefined : current.store.journal.shared(shared)]);
    const all: [number, string | undefined][] = [
      [1, undefined],
      [2, '"first"'],
      [3, '"first"'],
      [4, '"second"'],
    ];
    const expected = (from: number) => all.slice(from).map(([n, text]) => [idOf(n), text]);
    expect(shared()).toEqual(expected(0));
    await current.reopen();
    expect(shared()).toEqual(expected(0));
    const [, first, , second] = current.store.journal.pending().map(one => one.shared as number);
    for (const n of [1, 2]) current.store.journal.done(idOf(n));
    await current.store.activations.flush();
    expect(shared()).toEqual(expected(2));
    current.store.activations.put(activation(3));
    await current.store.activations.flush();
    expect(shared()).toEqual(expected(3));
    expect(current.store.journal.shared(first as number)).toBeUndefined();
    current.store.journal.done(idOf(4));
    await current.store.activations.flush();
    await current.reopen();
    expect(current.store.journal.shared(second as number)).toBeUndefined();
  });

  it('remembers what has started, also over several processes', async () => {
    await accept(1, 2, 3);
    current.store.journal.started(idOf(2));
    current.store.journal.started(idOf(2));
    current.store.journal.started(idOf(9));
    const states = (...started: number[]) =>
      [1, 2, 3].map(n => [idOf(n), started.includes(n) ? 'started' : 'accepted']);
    expect(open()).toEqual(states(2));
    await current.reopen();
    expect(open()).toEqual(states(2));
    current.store.journal.started(idOf(3));
    await current.reopen();
    expect(open()).toEqual(states(2, 3));
  });

  it('remembers it when other entries came and went', async () => {
    await accept(1, 2, 3);
    current.store.journal.started(idOf(1));
    current.store.journal.done(idOf(2));
    await current.store.activations.flush();
    current.store.journal.started(idOf(3));
    await current.reopen();
    expect(open()).toEqual([1, 3].map(n => [idOf(n), 'started']));
  });

  it('ends an entry with its record, or without one', async () => {
    await accept(1, 2, 3);
    current.store.journal.started(idOf(1));
    current.store.activations.put(activation(1));
    current.store.journal.done(idOf(2));
    current.store.journal.done(idOf(2));
    current.store.journal.done(idOf(9));
    await current.store.activations.flush();
    expect(open()).toEqual([[idOf(3), 'accepted']]);
    await current.reopen();
    expect(open()).toEqual([[idOf(3), 'accepted']]);
    expect(current.store.journal.payload(idOf(1))).toBeUndefined();
  });

  it('ends the entry of a record that was there before', async () => {
    current.store.activations.put(activation(1));
    await current.store.activations.flush();
    await accept(1);
    current.store.activations.put(activation(1));
    await current.store.activations.flush();
    expect(open()).toEqual([]);
  });

  it('accepts an id once', async () => {
    await Promise.all([accept(1), accept(1)]);
    await accept(1);
    expect(open()).toEqual([[idOf(1), 'accepted']]);
    current.store.activations.put(activation(1));
    await current.store.activations.flush();
    expect(open()).toEqual([]);
  });

  it('writes what waits before it closes, and accepts nothing after', async () => {
    const { store } = current;
    const last = accept(1);
    store.activations.put(activation(2));
    await store.close();
    await last;
    await expect(store.journal.accept([{ id: idOf(3), payload: '3' }])).rejects.toThrow(StoreUnavailable);
    await current.reopen();
    if (current.store === store) return;
    expect(open()).toEqual([[idOf(1), 'accepted']]);
    expect(current.store.activations.get('guest', idOf(2))).toBeDefined();
  });

  it('uses marks again after their entries ended', async () => {
    for (let n = 0; n < 30; n++) {
      await accept(n);
      current.store.journal.started(idOf(n));
      if (n % 3 === 0) continue;
      current.store.journal.done(idOf(n));
      await current.store.activations.flush();
    }
    await accept(100);
    await current.reopen();
    const left = Array.from({ length: 10 }, (_, i) => [idOf(i * 3), 'started']);
    expect(open()).toEqual([...left, [idOf(100), 'accepted']]);
  });

  it('keeps documents by collection and id', async () => {
    const { documents } = current.store;
    documents.put('apis', 'b', { x: [1, null] });
    documents.put('apis', 'a', 'text');
    documents.put('feeds', 'a', null);
    documents.put('apis', 'b', { x: 2 });
    await current.reopen();
    const again = current.store.documents;
    expect(again.list('apis')).toEqual([
      { id: 'a', value: 'text' },
      { id: 'b', value: { x: 2 } },
    ]);
    expect(again.get('feeds', 'a')).toBeNull();
    expect(again.get('feeds', 'b')).toBeUndefined();
    expect(again.delete('apis', 'a')).toBe(true);
    expect(again.delete('apis', 'a')).toBe(false);
    expect(again.list('apis')).toHaveLength(1);
    expect(again.list('none')).toEqual([]);
  });
};
