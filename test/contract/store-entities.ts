import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EntityDoc } from '../../src/entities/types.js';
import { type EntityWrite, RevisionConflict } from '../../src/store/store.js';
import { action, pkg } from '../store/fixtures.js';
import type { Current } from './store.js';

const page = { skip: 0, limit: 100 };
const actions = { namespace: 'guest', type: 'action' } as const;
const packages = { namespace: 'guest', type: 'package' } as const;
const names = (docs: readonly EntityDoc[]): string[] => docs.map(doc => doc.name);

export const entityCases = (current: Current): void => {
  const write = (...writes: EntityWrite[]) => current.store.entities.write(writes);
  const put = (doc: EntityDoc, rev?: number) => write({ path: `${doc.namespace}/${doc.name}`, rev, doc });

  it('gives back what was written, with its revision', () => {
    const doc = action('guest/hello', 1, { parameters: [{ key: 'a', value: { b: [1, null, 'ü'] } }] });
    const [rev] = put(doc);
    expect(current.store.entities.get('guest/hello')).toMatchObject({ doc, rev });
    expect(current.store.entities.get('guest/other')).toBeUndefined();
  });

  it('refuses a write to a document that nobody may change', () => {
    put(action('guest/hello', 1));
    const stored = current.store.entities.get('guest/hello');
    expect(() => Object.assign(stored?.doc.annotations as unknown[], [1])).toThrow(TypeError);
  });

  it('gives growing revisions and refuses any but the current one', () => {
    const [first] = put(action('guest/hello', 1));
    const [second] = put(action('guest/hello', 2), first);
    expect(second).toBeGreaterThan(first as number);
    for (const rev of [undefined, first, (second as number) + 1])
      expect(() => put(action('guest/hello', 3), rev)).toThrow(RevisionConflict);
    expect(() => put(action('guest/new', 3), second)).toThrow(RevisionConflict);
    expect(current.store.entities.get('guest/hello')?.doc.updated).toBe(2);
  });

  it('never gives a revision twice, also after a delete', () => {
    const [first] = put(action('guest/hello', 1));
    write({ path: 'guest/hello', rev: first, doc: undefined });
    const [second] = put(action('guest/hello', 1));
    expect(second).toBeGreaterThan(first as number);
  });

  it('writes all or nothing', () => {
    put(action('guest/b', 1));
    expect(() =>
      write(
        { path: 'guest/a', rev: undefined, doc: action('guest/a', 1) },
        { path: 'guest/b', rev: undefined, doc: action('guest/b', 2) },
      ),
    ).toThrow(RevisionConflict);
    expect(current.store.entities.get('guest/a')).toBeUndefined();
    expect(current.store.entities.get('guest/b')?.doc.updated).toBe(1);
  });

  it('keeps code beside the document: kept, replaced, removed', async () => {
    const [first] = write({ path: 'guest/hello', rev: undefined, doc: action('guest/hello', 1), code: 'one' });
    const [second] = put(action('guest/hello', 2), first);
    expect(current.store.entities.code('guest/hello')).toBe('one');
    const large = 'x'.repeat(3_000_000);
    const [third] = write({ path: 'guest/hello', rev: second, doc: action('guest/hello', 3), code: large });
    await current.reopen();
    expect(current.store.entities.get('guest/hello')?.rev).toBe(third);
    expect(current.store.entities.code('guest/hello')).toBe(large);
    const [fourth] = write({ path: 'guest/hello', rev: third, doc: action('guest/hello', 4), code: null });
    expect(current.store.entities.code('guest/hello')).toBeUndefined();
    write({ path: 'guest/hello', rev: fourth, doc: action('guest/hello', 5), code: '' });
    expect(current.store.entities.code('guest/hello')).toBe('');
  });

  it('forgets the code with the action', () => {
    const [rev] = write({ path: 'guest/hello', rev: undefined, doc: action('guest/hello', 1), code: 'one' });
    write({ path: 'guest/hello', rev, doc: undefined });
    put(action('guest/hello', 2));
    expect(current.store.entities.code('guest/hello')).toBeUndefined();
  });

  it('lists newest first, of equal times the later write first', () => {
    put(action('guest/a', 5));
    put(action('guest/b', 9));
    const [rev] = put(action('guest/c', 5));
    put(action('guest/d', 5));
    put(action('guest/c', 5), rev);
    expect(names(current.store.entities.list(actions, page))).toEqual(['b', 'c', 'd', 'a']);
    expect(names(current.store.entities.list(actions, { skip: 1, limit: 2 }))).toEqual(['c', 'd']);
    expect(current.store.entities.list(actions, { skip: 4, limit: 2 })).toEqual([]);
  });

  it('lists by type, by namespace and by package', () => {
    put(action('guest/a', 1));
    put(pkg('guest/utils', 2));
    put(action('guest/utils/b', 3));
    put(action('guest/other/b', 4));
    put(action('guests/utils/b', 5));
    expect(names(current.store.entities.list(packages, page))).toEqual(['utils']);
    expect(current.store.entities.list(actions, page).map(doc => `${doc.namespace}/${doc.name}`)).toEqual([
      'guest/other/b',
      'guest/utils/b',
      'guest/a',
    ]);
    expect(current.store.entities.list({ ...actions, package: 'utils' }, page)).toHaveLength(1);
    expect(current.store.entities.count({ ...actions, package: 'utils' })).toBe(1);
    expect(current.store.entities.count(actions)).toBe(3);
    expect(current.store.entities.count({ namespace: 'nobody', type: 'action' })).toBe(0);
  });

  it('shows others neither private packages nor bindings', () => {
    put(pkg('guest/private', 1));
    put(pkg('guest/public', 2, { publish: true }));
    put(pkg('guest/binding', 3, { publish: true, binding: { namespace: 'whisk.system', name: 'utils' } }));
    const others = { ...packages, publicOnly: true };
    expect(names(current.store.entities.list(others, page))).toEqual(['public']);
    expect(current.store.entities.count(others)).toBe(1);
    expect(current.store.entities.count(packages)).toBe(3);
  });

  it('equals a map of paths after any writes', async () => {
    const paths = ['guest/a', 'guest/b', 'guest/p/a', 'guest/p/b', 'else/a'];
    const step = fc.record({
      path: fc.constantFrom(...paths),
      updated: fc.integer({ min: 0, max: 5 }),
      remove: fc.boolean(),
      right: fc.integer({ min: 0, max: 9 }).map(n => n > 1),
      reopen: fc.integer({ min: 0, max: 15 }).map(n => n === 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        await current.renew();
        const model = new Map<string, { rev: number; updated: number }>();
        for (const { path, updated, remove, right, reopen } of steps) {
          if (reopen) await current.reopen();
          const known = model.get(path)?.rev;
          expect(current.store.entities.get(path)?.rev).toBe(known);
          const rev = right ? known : (known ?? 0) + 1;
          const doc = remove ? undefined : action(path, updated);
          if (!right) {
            expect(() => write({ path, rev, doc })).toThrow(RevisionConflict);
            continue;
          }
          const [next] = write({ path, rev, doc });
          if (doc) model.set(path, { rev: next as number, updated });
          else model.delete(path);
        }
        for (const path of paths) expect(current.store.entities.get(path)?.rev).toBe(model.get(path)?.rev);
        const expected = [...model]
          .filter(([path]) => path.startsWith('guest/'))
          .sort(([, a], [, b]) => b.updated - a.updated || b.rev - a.rev)
          .map(([path]) => path);
        const listed = current.store.entities.list(actions, page).map(doc => `${doc.namespace}/${doc.name}`);
        expect(listed).toEqual(expected);
        expect(current.store.entities.count(actions)).toBe(expected.length);
      }),
      { numRuns: 60 },
    );
  });
};
