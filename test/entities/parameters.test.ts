import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dedupe, initEnvironment, isTruthy, mergeParameters, runArguments } from '../../src/entities/parameters.js';
import type { Parameter } from '../../src/entities/types.js';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '');
const parameters = fc.array(fc.record({ key, value: fc.jsonValue() }), { maxLength: 6 }) as fc.Arbitrary<Parameter[]>;

describe('merging', () => {
  it('takes, for each key, the last value of the rightmost set that has it', () => {
    fc.assert(
      fc.property(fc.array(parameters, { maxLength: 4 }), sets => {
        const model = new Map(sets.flat().map(p => [p.key, p.value]));
        const merged = mergeParameters(...sets);
        expect(new Map(merged.map(p => [p.key, p.value]))).toEqual(model);
        expect(merged).toHaveLength(model.size);
      }),
    );
  });

  it('keeps each key where it first stood', () => {
    expect(
      dedupe([
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
        { key: 'a', value: 3 },
      ]),
    ).toEqual([
      { key: 'a', value: 3 },
      { key: 'b', value: 2 },
    ]);
  });
});

describe('what a container gets', () => {
  it('keeps init parameters out of arguments', () => {
    const set: Parameter[] = [
      { key: 'x', value: 1 },
      { key: 'E', value: 'v', init: true },
    ];
    expect(runArguments(set)).toEqual({ x: 1 });
    expect(initEnvironment(set)).toEqual({ E: 'v' });
  });

  it('gives environment values as text', () => {
    const value = (v: Parameter['value']) => initEnvironment([{ key: 'k', value: v, init: true }])['k'];
    expect([null, true, 1.5, { a: [1] }, 's'].map(value)).toEqual(['', 'true', '1.5', '{"a":[1]}', 's']);
  });

  it('has own members for any key', () => {
    const args = runArguments([{ key: '__proto__', value: { polluted: true } }]);
    expect(Object.keys(args)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('truth of annotations', () => {
  it.each([
    [true, true],
    [false, false],
    [1, true],
    [0, false],
    ['x', true],
    ['', false],
    [null, false],
    [{}, true],
    [[], true],
  ])('%j is %j', (value, expected) => {
    expect(isTruthy([{ key: 'k', value }], 'k')).toBe(expected);
  });

  it('has an answer for absence', () => {
    expect(isTruthy([], 'k')).toBe(false);
    expect(isTruthy([], 'k', true)).toBe(true);
  });
});
