import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTrie } from '../../src/gateway/trie.js';

const trieOf = (...templates: string[]) => {
  const trie = createTrie<string>();
  for (const value of templates) trie.add({ segments: value.split('/').filter(Boolean), value });
  return trie;
};

const find = (trie: ReturnType<typeof trieOf>, path: string) => {
  const match = trie.find(path.split('/').slice(1));
  return match && [match.value, match.depth];
};

describe('routes', () => {
  const trie = trieOf('/a/b', '/a/{id}', '/a/{id}/c', '/x/item-{n}.json', '/x/{rest}');

  test.each<[string, [string, number] | undefined]>([
    ['/a/b', ['/a/b', 2]],
    ['/a/7', ['/a/{id}', 2]],
    ['/a/b/c', ['/a/{id}/c', 3]],
    ['/a/b/d', ['/a/b', 2]],
    ['/a/7/d/e', ['/a/{id}', 2]],
    ['/x/item-5.json', ['/x/item-{n}.json', 2]],
    ['/x/item-.json', ['/x/{rest}', 2]],
    ['/x/', undefined],
    ['/a', undefined],
    ['/', undefined],
    ['/A/b', undefined],
  ])('%s', (path, expected) => expect(find(trie, path)).toEqual(expected));

  test('a root route takes everything no longer one takes', () => {
    const rooted = trieOf('/', '/a');
    expect(find(rooted, '/')).toEqual(['/', 0]);
    expect(find(rooted, '/b/c')).toEqual(['/', 0]);
    expect(find(rooted, '/a/c')).toEqual(['/a', 1]);
  });

  test('of two routes at one place the later counts, and the earlier again when it is gone', () => {
    const routes = createTrie<string>();
    routes.add({ segments: ['a'], value: 'old' });
    routes.add({ segments: ['a'], value: 'new' });
    expect(routes.find(['a'])?.value).toBe('new');
    routes.remove({ segments: ['a'], value: 'new' });
    expect(routes.find(['a'])?.value).toBe('old');
  });
});

describe('for any routes', () => {
  const segment = fc.constantFrom('a', 'b', 'c', '{x}');
  const template = fc.array(segment, { maxLength: 4 });
  const path = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 });
  const fits = (t: readonly string[], p: readonly string[]): boolean =>
    t.length <= p.length && t.every((s, i) => s === '{x}' || s === p[i]);
  /** Literals sort before parameters. */
  const rank = (t: readonly string[]): string => t.map(s => (s === '{x}' ? '1' : '0')).join('');

  test('what is found is what looking at every one would choose', () => {
    fc.assert(
      fc.property(fc.uniqueArray(template, { selector: t => t.join('/') }), path, (templates, wanted) => {
        const trie = createTrie<readonly string[]>();
        for (const t of templates) trie.add({ segments: t, value: t });
        const expected = templates
          .filter(t => fits(t, wanted))
          .sort((a, b) => b.length - a.length || (rank(a) < rank(b) ? -1 : 1))[0];
        expect(trie.find(wanted)?.value).toEqual(expected);
      }),
    );
  });

  test('what was removed is as if it had never been there', () => {
    fc.assert(
      fc.property(fc.array(template), fc.array(template), path, (staying, leaving, wanted) => {
        const trie = createTrie<string>();
        const expected = createTrie<string>();
        for (const t of leaving) trie.add({ segments: t, value: 'leaving' });
        for (const t of staying)
          for (const each of [trie, expected]) each.add({ segments: t, value: `/${t.join('/')}` });
        for (const t of leaving) trie.remove({ segments: t, value: 'leaving' });
        expect(trie.find(wanted)?.depth).toBe(expected.find(wanted)?.depth);
        expect(trie.find(wanted)?.value).not.toBe('leaving');
      }),
    );
  });
});
