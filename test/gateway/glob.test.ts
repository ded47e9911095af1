import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globTest, isPattern } from '../../src/gateway/glob.js';

/** What the templates mean; its time can grow exponentially. */
const expression = (template: string): RegExp => {
  const literals = template.split(/\{[^{}]*\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('[^]+')}$`);
};

test.each<[string, string, boolean]>([
  ['{a}', 'x', true],
  ['{a}', '', false],
  ['item-{n}.json', 'item-5.json', true],
  ['item-{n}.json', 'item-.json', false],
  ['a{x}a', 'aa', false],
  ['a{x}a', 'aaa', true],
  ['{a}{b}', 'x', false],
  ['{a}{b}', 'xy', true],
  ['{a}-{b}-{c}', '----', false],
  ['{a}-{b}-{c}', '-----', true],
  ['{}', 'x', true],
  ['{a}', '\n', true],
])('%s takes %j: %s', (template, segment, expected) => expect(globTest(template)(segment)).toBe(expected));

test('as the regular expression that a template stands for', () => {
  const piece = fc.constantFrom('a', 'b', '.', '{', '}', '{x}', '{y}', '{}');
  const template = fc.array(piece, { maxLength: 7 }).map(pieces => pieces.join(''));
  const segment = fc
    .array(fc.constantFrom('a', 'b', '.', '{', '}', '\n'), { maxLength: 10 })
    .map(characters => characters.join(''));
  fc.assert(
    fc.property(template, segment, (t, s) => {
      expect(globTest(t)(s)).toBe(expression(t).test(s));
      expect(isPattern(t)).toBe(/\{[^{}]*\}/.test(t));
    }),
    { numRuns: 3000 },
  );
});

test('many parameters in a row take no longer than one', () => {
  const before = performance.now();
  expect(globTest(`${'{a}'.repeat(1000)}!`)('x'.repeat(10_000))).toBe(false);
  expect(globTest(`${'{a}x'.repeat(1000)}y{b}!`)(`${'x'.repeat(10_000)}!`)).toBe(false);
  expect(performance.now() - before).toBeLessThan(1000);
});
