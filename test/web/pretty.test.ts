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
