import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { remember } from '../src/remember.js';

it('answers as the function does, whatever was asked before, and asks it only for another text', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('', 'a', 'b', 'ab')), texts => {
      const fn = vi.fn((text: string) => text.length);
      const remembered = remember(fn);
      expect(texts.map(remembered)).toEqual(texts.map(text => text.length));
      expect(fn).toHaveBeenCalledTimes(texts.filter((text, at) => text !== texts[at - 1]).length);
    }),
  );
});

it('keeps no failure', () => {
  const fn = vi
    .fn(() => 1)
    .mockImplementationOnce(() => {
      throw new Error('once');
    });
  const remembered = remember(fn);
  expect(() => remembered('a')).toThrow('once');
  expect(remembered('a')).toBe(1);
});
