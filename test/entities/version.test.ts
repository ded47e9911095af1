import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bumpVersion, parseVersion } from '../../src/entities/version.js';
import { entity } from '../../src/messages.js';

it.each([
  ['1', '1.0.0'],
  ['1.2', '1.2.0'],
  ['1.2.3', '1.2.3'],
  ['1.2.3.4', '1.2.3'],
  ['0.0.1', '0.0.1'],
])('reads %j as %j', (given, read) => {
  expect(parseVersion(given)).toBe(read);
});

it.each(['', '0.0.0', 'a', '1.-1.0', '1..2', 3, null])('refuses %j', given => {
  expect(() => parseVersion(given)).toThrow(entity.versionMalformed);
});

it('grows by one in the last place and stays readable', () => {
  fc.assert(
    fc.property(fc.nat(9999), fc.nat(9999), fc.nat(9999), (a, b, c) => {
      const next = bumpVersion(`${a}.${b}.${c}`);
      expect(next).toBe(`${a}.${b}.${c + 1}`);
      expect(parseVersion(next)).toBe(next);
    }),
  );
});
