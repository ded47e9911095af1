import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/json.js';
import { prettyJson } from '../../src/web/pretty.js';

test('objects take a line a member, arrays one line, an empty object three', () => {
  expect(prettyJson({ a: 1, b: [1, 'x', { c: null }], d: {}, e: [] })).toBe(
    '{\n  "a": 1,\n  "b": [1, "x", {\n    "c": null\n  }],\n  "d": {\n\n  },\n  "e": []\n}',
  );
});

test('it is still the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      expect(JSON.parse(prettyJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

/** An object of so many members, that many levels down. */
const nested = (depth: number, members: number): Json =>
  JSON.parse(`${'{"a":'.repeat(depth)}{${Array.from({ length: members }, (_, i) => `"${i}":1`)}}${'}'.repeat(depth)}`);

test('what would multiply comes as it is', () => {
  const value = nested(990, 80_000);
  expect(prettyJson(value)).toBe(JSON.stringify(value));
  const list = Array.from({ length: 1000 }, () => nested(150, 0));
  expect(prettyJson(list)).toBe(JSON.stringify(list));
});

test('much that is flat, and little that is deep, is printed', () => {
  expect(prettyJson(nested(0, 100_000)).split('\n')).toHaveLength(100_002);
  expect(prettyJson(nested(990, 10)).split('\n')).toHaveLength(2 * 990 + 12);
});
