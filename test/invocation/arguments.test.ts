import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Parameter } from '../../src/entities/types.js';
import { defaultsOf, mergeArguments, payloadOf, splitPayload } from '../../src/invocation/arguments.js';

const key = fc.constantFrom('a', 'b', 'c', '"', '{', '__proto__', '');
const defaults = fc.array(fc.record({ key, value: fc.jsonValue() })) as fc.Arbitrary<Parameter[]>;
const spaced = (text: string): string => ` \n{ ${text.slice(1)}`;

describe('merging arguments as text', () => {
  it('equals merging them as values', () => {
    fc.assert(
      fc.property(defaults, fc.dictionary(key, fc.jsonValue()), fc.boolean(), (params, value, loose) => {
        const payload = payloadOf(JSON.parse(JSON.stringify(value)));
        const text = loose ? spaced(payload.text) : payload.text;
        const merged = JSON.parse(mergeArguments(defaultsOf(params), { ...payload, text }));
        const model = new Map([
          ...params.map(p => [p.key, p.value] as const),
          ...Object.entries(payload.value as object),
        ]);
        expect(new Map(Object.entries(merged))).toEqual(new Map(JSON.parse(JSON.stringify([...model]))));
      }),
    );
  });

  it('leaves an array as it is', () => {
    expect(mergeArguments(defaultsOf([{ key: 'a', value: 1 }]), payloadOf([1, 2]))).toBe('[1,2]');
  });
});

it('takes what a payload says of init parameters out of the arguments', () => {
  const initial = { E: 'old', N: '1' };
  expect(splitPayload(initial, payloadOf({ E: { x: null }, a: 1 }))).toEqual({
    payload: payloadOf({ a: 1 }),
    environment: { E: '{"x":null}' },
  });
  for (const payload of [payloadOf({ a: 1 }), payloadOf(['E']), payloadOf({})])
    expect(splitPayload(initial, payload).payload).toBe(payload);
});
