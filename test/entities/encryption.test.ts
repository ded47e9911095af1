import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createParameterCipher } from '../../src/entities/encryption.js';
import type { Parameter } from '../../src/entities/types.js';

const keys = { 'aes-128': Buffer.alloc(16, 7).toString('base64'), 'aes-256': Buffer.alloc(32, 9).toString('base64') };

describe.each(['aes-128', 'aes-256'] as const)('%s', current => {
  const cipher = createParameterCipher({ current, keys });

  it('gives back what it locked, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (json, init) => {
        const value = JSON.parse(JSON.stringify(json));
        const clear: Parameter[] = [{ key: 'k', value, ...(init && { init: true as const }) }];
        const locked = cipher.lock(clear);
        expect(locked[0]).toMatchObject({ key: 'k', encryption: current });
        expect(cipher.unlock(locked)).toEqual(clear);
      }),
    );
  });

  it('leaves what is encrypted already', () => {
    const once = cipher.lock([{ key: 'k', value: 'secret' }]);
    expect(cipher.lock(once)).toEqual(once);
  });

  it('refuses a value that was changed', () => {
    const [locked] = cipher.lock([{ key: 'k', value: 'secret' }]) as [Parameter];
    const bytes = Buffer.from(locked.value as string, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    expect(() => cipher.unlock([{ ...locked, value: bytes.toString('base64') }])).toThrow();
  });
});

it('reads values of the older scheme while writing the newer', () => {
  const old = createParameterCipher({ current: 'aes-128', keys }).lock([{ key: 'k', value: 1 }]);
  expect(createParameterCipher({ current: 'aes-256', keys }).unlock(old)).toEqual([{ key: 'k', value: 1 }]);
});

it('says what is wrong with a key', () => {
  expect(() => createParameterCipher({ current: 'aes-128', keys: {} })).toThrow('needs a key');
  expect(() => createParameterCipher({ current: 'noop', keys: { 'aes-128': 'AAAA' } })).toThrow('expected 16 bytes');
});
