import { expect, it } from 'vitest';
import type { Subject } from '../../src/entities/types.js';
import { UsageError } from '../../src/errors.js';
import type { Current } from './store.js';

const key = (c: string): string => c.repeat(64);
const anna: Subject = { subject: 'annaa', namespaces: [{ name: 'annaa', uuid: 'u1', key: key('a') }] };
const bernd: Subject = {
  subject: 'bernd',
  namespaces: [
    { name: 'bernd', uuid: 'u2', key: key('b') },
    { name: 'annaa', uuid: 'u3', key: key('c') },
  ],
};

export const subjectCases = (current: Current): void => {
  it('knows a key, and no other', async () => {
    current.store.subjects.put(anna);
    current.store.subjects.put(bernd);
    await current.reopen();
    for (const subject of [anna, bernd]) {
      for (const namespace of subject.namespaces) {
        const owner = { subject: subject.subject, blocked: false, namespace };
        expect(current.store.subjects.authenticate(namespace.uuid, namespace.key)).toEqual(owner);
        for (const wrong of ['', key('x'), namespace.key.slice(1), `${namespace.key}a`, key('ü')])
          expect(current.store.subjects.authenticate(namespace.uuid, wrong)).toBeUndefined();
      }
    }
    expect(current.store.subjects.authenticate('u9', key('a'))).toBeUndefined();
    expect(current.store.subjects.authenticate('u9', '\0'.repeat(64))).toBeUndefined();
  });

  it('names the first owner of a namespace and all who have it', () => {
    current.store.subjects.put(anna);
    current.store.subjects.put(bernd);
    expect(current.store.subjects.owner('annaa')?.subject).toBe('annaa');
    expect(current.store.subjects.inNamespace('annaa')).toEqual([anna, bernd]);
    expect(current.store.subjects.owner('nobody')).toBeUndefined();
    current.store.subjects.put({ ...anna, blocked: true });
    expect(current.store.subjects.owner('annaa')).toMatchObject({ subject: 'annaa', blocked: true });
    expect(current.store.subjects.authenticate('u1', key('a'))?.blocked).toBe(true);
  });

  it('replaces and removes a subject with its keys', () => {
    current.store.subjects.put(bernd);
    const replaced: Subject = { subject: 'bernd', namespaces: [{ name: 'bernd', uuid: 'u4', key: key('d') }] };
    current.store.subjects.put(replaced);
    expect(current.store.subjects.get('bernd')).toEqual(replaced);
    expect(current.store.subjects.authenticate('u2', key('b'))).toBeUndefined();
    expect(current.store.subjects.delete('bernd')).toBe(true);
    expect(current.store.subjects.delete('bernd')).toBe(false);
    expect(current.store.subjects.authenticate('u4', key('d'))).toBeUndefined();
    expect(current.store.subjects.get('bernd')).toBeUndefined();
  });

  it('keeps a subject without namespaces', () => {
    current.store.subjects.put({ subject: 'empty', namespaces: [] });
    expect(current.store.subjects.get('empty')).toEqual({ subject: 'empty', namespaces: [] });
  });

  it('refuses a uuid twice and changes nothing then', () => {
    current.store.subjects.put(anna);
    expect(() => current.store.subjects.put({ ...bernd, namespaces: anna.namespaces })).toThrow(UsageError);
    expect(current.store.subjects.get('bernd')).toBeUndefined();
  });

  it('keeps limits', async () => {
    current.store.subjects.putLimits('guest', { invocationsPerMinute: 0, allowedKinds: ['nodejs:20'] });
    current.store.subjects.putLimits('guest', { storeActivations: false });
    await current.reopen();
    expect(current.store.subjects.limits('guest')).toEqual({ storeActivations: false });
    current.store.subjects.putLimits('guest', { firesPerMinute: 1 });
    expect(current.store.subjects.limits('guest')).toEqual({ firesPerMinute: 1 });
    expect(current.store.subjects.deleteLimits('guest')).toBe(true);
    expect(current.store.subjects.deleteLimits('guest')).toBe(false);
    expect(current.store.subjects.limits('guest')).toBeUndefined();
  });
};
