import { beforeEach, describe, expect, it } from 'vitest';
import { limitsFromFlags } from '../../src/cli/limits.js';
import { createUser, deleteUser, getUser, listUsers, setBlocked, whois } from '../../src/cli/user.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { openStore } from '../../src/store/sqlite.js';
import type { Store } from '../../src/store/store.js';

/** What the commands do to the store; that they reach it is admin.test.ts. */
const given = `aaaaaaaa-71f6-4ed5-8c54-816aa4f8c502:${'k'.repeat(64)}`;
const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[A-Za-z0-9]{64}$/;

let store: Store;
beforeEach(async () => {
  store = await openStore({ clock: systemClock, log: silentLogger(), exclusive: true });
  return () => store.close();
});

describe('create', () => {
  it('makes keys of its own, or takes one', () => {
    expect(createUser(store.subjects, 'alice', {})).toMatch(KEY);
    expect(createUser(store.subjects, 'bobby', { auth: given, namespace: ' space ' })).toBe(given);
    expect(getUser(store.subjects, 'bobby', 'space', false)).toBe(given);
  });

  it('renews only the key, or by force the uuid too', () => {
    const first = createUser(store.subjects, 'alice', {});
    const renewed = createUser(store.subjects, 'alice', { revoke: true });
    expect([renewed.split(':')[0], renewed === first]).toEqual([first.split(':')[0], false]);
    expect(createUser(store.subjects, 'alice', { force: true }).split(':')[0]).not.toBe(first.split(':')[0]);
    expect(getUser(store.subjects, 'alice', undefined, true).split('\n')).toHaveLength(1);
  });

  it.each([
    ['abcd', {}, 'Subject name must be at least 5 characters'],
    ['alice', { namespace: ' ' }, 'Namespace must not be empty'],
    ['alice', { namespace: 'a/b' }, 'Namespace "a/b" contains illegal characters'],
    ['alice', { auth: 'x:y' }, 'authorization key must be exactly 64 characters long'],
    ['alice', { auth: `x:${'k'.repeat(64)}` }, 'authorization id is not a valid UUID'],
    ['alice', { auth: 'x' }, 'failed to determine authorization id and key: x'],
    ['alice', { auth: `${given}:` }, 'failed to determine authorization id and key'],
    ['other', { auth: given }, 'Another subject or namespace already uses a uuid of other.'],
    ['taken', {}, 'Namespace already exists'],
    ['block', {}, 'The subject you want to edit is blocked'],
  ])('refuses %s %j', (name, options, text) => {
    createUser(store.subjects, 'taken', { auth: given });
    createUser(store.subjects, 'block', {});
    setBlocked(store.subjects, ['block'], true);
    expect(() => createUser(store.subjects, name, options)).toThrow(text);
  });
});

describe('the others', () => {
  it('tell who someone is, and list a namespace', () => {
    createUser(store.subjects, 'alice', { auth: given, namespace: 'shared' });
    const bob = createUser(store.subjects, 'bobby', { namespace: 'shared' });
    expect(whois(store.subjects, given)).toBe('subject: alice\nnamespace: shared');
    expect(whois(store.subjects, `${given.slice(0, -1)}x`)).toBe('Subject id is not recognized');
    expect(whois(store.subjects, '')).toBe('Subject id is not recognized');
    expect(listUsers(store.subjects, 'shared', 2, true).split('\n').sort()).toEqual([given, bob].sort());
    expect(listUsers(store.subjects, 'shared', 1, false).split('\n')).toHaveLength(1);
    expect(listUsers(store.subjects, 'none', 1, false)).toBe('no identities found for namespace "none"');
    expect(() => listUsers(store.subjects, 'shared', 0, false)).toThrow('pick at least 1 identity to show');
  });

  it('delete one namespace, or all', () => {
    createUser(store.subjects, 'alice', {});
    createUser(store.subjects, 'alice', { namespace: 'second' });
    expect(() => deleteUser(store.subjects, 'alice', 'none')).toThrow('Namespace "none" does not exist for "alice"');
    expect(deleteUser(store.subjects, 'alice', 'second')).toBe('Namespace deleted');
    expect(() => getUser(store.subjects, 'alice', 'second', false)).toThrow('Namespace "second" does not exist');
    expect(deleteUser(store.subjects, 'alice', undefined)).toBe('Subject deleted');
    expect(() => deleteUser(store.subjects, 'alice', undefined)).toThrow('does not exist: "alice"');
  });

  it('block those that there are, and name the others', () => {
    createUser(store.subjects, 'alice', {});
    expect(setBlocked(store.subjects, ['alice', 'nobody'], true)).toEqual({ done: ['alice'], missing: ['nobody'] });
    expect(store.subjects.get('alice')?.blocked).toBe(true);
    setBlocked(store.subjects, ['alice'], false);
    expect(store.subjects.get('alice')?.blocked).toBeFalsy();
  });
});

describe('limits from flags', () => {
  it('are values of their kinds', () => {
    const flags = {
      invocationsPerMinute: '5',
      allowedKinds: ['a', 'b,c'],
      storeActivations: 'false',
      maxPayloadSize: '1 MB',
    };
    expect(limitsFromFlags({ ...flags, unknown: 1, warmedContainerKeepingTimeout: '10 minutes' })).toEqual({
      invocationsPerMinute: 5,
      allowedKinds: ['a', 'b', 'c'],
      storeActivations: false,
      maxPayloadSize: '1 MB',
      warmedContainerKeepingTimeout: '10 minutes',
    });
  });

  it.each([
    [{ invocationsPerMinute: '-1' }, '--invocationsPerMinute: expected a whole number from 0, got "-1".'],
    [{ minActionMemory: 'x' }, '--minActionMemory: expected a whole number from 0, got "x".'],
    [{ storeActivations: 'maybe' }, '--storeActivations: expected true or false, got "maybe".'],
    [{ maxPayloadSize: '10' }, '--maxPayloadSize: expected a size such as "1 MB", got "10".'],
    [
      { warmedContainerKeepingTimeout: 'long' },
      '--warmedContainerKeepingTimeout: expected a duration such as "60 minutes", got "long".',
    ],
  ])('refuse %j', (flags, text) => {
    expect(() => limitsFromFlags(flags)).toThrow(`Bad value for ${text}`);
  });

  it('are asked for when there is none', () => {
    expect(() => limitsFromFlags({ namespace: 'guest' })).toThrow(
      /^Name a limit to set, .* --invocationsPerMinute, .* --warmedContainerKeepingTimeout\.$/,
    );
  });
});
