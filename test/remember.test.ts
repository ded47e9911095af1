import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { remember } from '../src/remember.js';

it('answers as the function does, whatever was asked before, and asks it once for each of a few texts', () => {
  const text = fc.constantFrom('', 'a', 'b', 'ab');
  fc.assert(
    fc.property(fc.array(text), texts => {
      const fn = vi.fn((text: string) => text.length || undefined);
      const remembered = remember(fn);
      expect(texts.map(remembered)).toEqual(texts.map(text => text.length || undefined));
      expect(fn).toHaveBeenCalledTimes(new Set(texts).size);
    }),
  );
});

it('keeps few answers, and none to a long text', () => {
  const fn = vi.fn((text: string) => text.length);
  const remembered = remember(fn);
  const asked = (text: string): number => {
    fn.mockClear();
    expect(remembered(text)).toBe(text.length);
    return fn.mock.calls.length;
  };
  for (let i = 0; i < 1000; i++) remembered(`${i}`);
  expect(asked('999')).toBe(0);
  expect(asked('1')).toBe(1);
  const long = 'x'.repeat(5000);
  expect(asked(long)).toBe(1);
  expect(asked(long)).toBe(1);
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
