import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseActionName } from '../../src/invocation/conductor.js';

const name = fc.stringMatching(/^\w([\w@ .&-]{0,10}[\w@.&-])?$/).filter(n => n !== '_');

it("reads relative names as the caller's, others as they are", () => {
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(parseActionName(a, 'own')).toBe(`own/${a}`);
      expect(parseActionName(`${a}/${b}`, 'own')).toBe(`own/${a}/${b}`);
      expect(parseActionName(`/${a}/${b}`, 'own')).toBe(`${a}/${b}`);
      expect(parseActionName(`${a}/${b}/${c}`, 'own')).toBe(`${a}/${b}/${c}`);
      expect(parseActionName(`/${a}/${b}/${c}`, 'own')).toBe(`${a}/${b}/${c}`);
      expect(parseActionName(`/_/${b}`, 'own')).toBe(`own/${b}`);
      expect(parseActionName(`/_/${b}/${c}`, 'own')).toBe(`own/${b}/${c}`);
      expect(parseActionName(`/${a}`, 'own')).toBeUndefined();
      expect(parseActionName(`/${a}/${b}/${c}/${a}`, 'own')).toBeUndefined();
    }),
  );
});

it.each([undefined, null, 5, true, [], {}, '', '/', '//', ' ', 'a b ', '!', 'a/!'])('%j is no name', value => {
  expect(parseActionName(value as never, 'own')).toBeUndefined();
});
