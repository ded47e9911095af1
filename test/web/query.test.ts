import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeQuery, parseQuery } from '../../src/web/query.js';

describe('the query of raw actions', () => {
  test.each([
    ['', ''],
    ['a=1&b=2', 'a=1&b=2'],
    ['a=x%20y', 'a=x+y'],
    ['a=x+y', 'a=x+y'],
    ['a=%2Fp%2Fq', 'a=/p/q'],
    ['a=%7Euser', 'a=~user'],
    ['a=10:30', 'a=10:30'],
    ['a=b;c', 'a=b%3Bc'],
    ['a=b=c', 'a=b%3Dc'],
    ['a=b%26c', 'a=b%26c'],
    ['a=%c3%a9', 'a=%C3%A9'],
    ['a=%2B', 'a=%2B'],
    ['b=2&a=1&b=3', 'b=2&a=1&b=3'],
    ['flag', 'flag'],
    ['flag=', 'flag='],
    ['&', '&'],
    ["a=!$'()*,@?-._", "a=!$'()*,@?-._"],
    ['a=%ff', 'a=%EF%BF%BD'],
    ['a=%E2%9C%93%ff+1', 'a=%E2%9C%93%EF%BF%BD+1'],
  ])('%s → %s', (sent, seen) => expect(encodeQuery(parseQuery(sent))).toBe(seen));

  const pairs = fc.array(
    fc.tuple(fc.string({ unit: 'grapheme' }), fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined })),
    { minLength: 1 },
  );

  test('what is encoded is decoded to the same', () => {
    fc.assert(
      fc.property(pairs, given => {
        expect(parseQuery(encodeQuery(given)).map(p => [...p])).toEqual(
          given.length === 1 && given[0]?.[0] === '' && given[0][1] === undefined ? [] : given,
        );
      }),
    );
  });

  test('encoding again changes nothing, whatever was sent', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]*$/), sent => {
        const once = encodeQuery(parseQuery(sent));
        expect(encodeQuery(parseQuery(once))).toBe(once);
      }),
    );
  });
});
