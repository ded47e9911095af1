import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkActivationId,
  entityName,
  isEntityName,
  namespaceName,
  packageOf,
  parseReference,
  pathOf,
  rootOf,
} from '../../src/entities/names.js';
import { names } from '../../src/messages.js';

const name = fc.stringMatching(/^\w([\w@ .&-]{0,20}[\w@.&-])?$/);

describe('entity names', () => {
  it.each(['a', '_', 'a b', 'a@b.c&d-e', 'A1', 'x'.repeat(256)])('accepts %j', n => {
    expect(isEntityName(n)).toBe(true);
  });

  it.each(['', ' ', 'a ', ' a', '@a', '.a', '&a', '-a', 'hi+there', '$hola', 'dora?', '|dora|dora?', 'ä', 'a\n'])(
    'refuses %j',
    n => {
      expect(isEntityName(n)).toBe(false);
    },
  );

  it('says how long a name may be', () => {
    expect(() => entityName('x'.repeat(257))).toThrow(names.entityTooLong(257, 256));
    expect(() => namespaceName('x'.repeat(257), 'own')).toThrow(names.namespaceTooLong(257, 256));
  });

  it('resolves _ to the caller', () => {
    expect(namespaceName('_', 'guest')).toBe('guest');
    expect(namespaceName('other', 'guest')).toBe('other');
  });
});

describe('references', () => {
  it('reads what pathOf writes', () => {
    fc.assert(
      fc.property(name, fc.option(name, { nil: undefined }), name, fc.boolean(), (ns, pkg, n, slash) => {
        const path = pkg === undefined ? `${ns}/${n}` : `${ns}/${pkg}/${n}`;
        const ref = parseReference(slash ? `/${path}` : path, 'guest');
        const resolved = ns === '_' ? path.replace(/^_/, 'guest') : path;
        expect(pathOf(ref)).toBe(resolved);
        expect(rootOf(resolved)).toBe(ns === '_' ? 'guest' : ns);
        expect(packageOf(resolved)).toBe(pkg === undefined ? undefined : resolved.slice(0, resolved.lastIndexOf('/')));
      }),
    );
  });

  it('takes the object form', () => {
    expect(parseReference({ path: '_/pkg', name: 'a' }, 'guest')).toEqual({ path: 'guest/pkg', name: 'a' });
  });

  it.each([
    ['a', names.tooFewSegments],
    ['/a', names.tooFewSegments],
    [3, names.malformedFqn],
    ['/a/b/c/d', names.malformedFqn],
  ])('refuses %j', (value, text) => {
    expect(() => parseReference(value, 'guest')).toThrow(text);
  });
});

describe('activation ids', () => {
  it('are 32 lower-case hex characters', () => {
    expect(checkActivationId('0123456789abcdef'.repeat(2))).toHaveLength(32);
    expect(() => checkActivationId('abc')).toThrow(names.activationIdLength(3));
    expect(() => checkActivationId('A'.repeat(32))).toThrow(names.activationIdIllegal);
  });
});
