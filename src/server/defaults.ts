import { readFileSync } from 'node:fs';
import type { Subject } from '../entities/types.js';
import { errorText, UsageError } from '../errors.js';
import { alphanumeric, uuid } from '../ids.js';
import type { SubjectStore } from '../store/store.js';

const KEY = 'zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP';

/** The two subjects every OpenWhisk has, with the well-known keys of its documentation (OPENWHISK.md 8.1). */
export const defaultSubjects: readonly Subject[] = [
  {
    subject: 'guest',
    namespaces: [{ name: 'guest', uuid: '23bc46b1-71f6-4ed5-8c54-816aa4f8c502', key: `123${KEY}` }],
  },
  {
    subject: 'whisk.system',
    namespaces: [{ name: 'whisk.system', uuid: '789c46b1-71f6-4ed5-8c54-816aa4f8c502', key: `abc${KEY}` }],
  },
];

const bad = (file: string, detail: string): UsageError =>
  new UsageError(
    `Users file '${file}' is not valid: ${detail}. Expected [{"subject","namespaces":[{"name","uuid","key"}]}].`,
  );

const isSubject = (value: unknown): value is Subject => {
  const subject = value as Partial<Subject> | null;
  return (
    typeof subject?.subject === 'string' &&
    subject.subject.length >= 5 &&
    Array.isArray(subject.namespaces) &&
    subject.namespaces.every(
      n =>
        typeof n?.name === 'string' && typeof n.uuid === 'string' && typeof n.key === 'string' && n.key.length === 64,
    )
  );
};

const readUsers = (file: string): readonly Subject[] => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw bad(file, errorText(error));
  }
  if (!Array.isArray(value)) throw bad(file, 'no array');
  const wrong = value.findIndex(v => !isSubject(v));
  if (wrong >= 0) throw bad(file, `entry ${wrong} is no subject (names of 5 characters or more, keys of 64)`);
  return value as Subject[];
};

const hasKnownKey = (subjects: SubjectStore, { subject, namespaces: [known] }: Subject): boolean =>
  subjects.get(subject)?.namespaces.some(n => n.uuid === known?.uuid && n.key === known.key) ?? false;

/** Whether somebody who has read OpenWhisk's documentation has a key to this server. */
export const hasKnownKeys = (subjects: SubjectStore): boolean =>
  defaultSubjects.some(subject => hasKnownKey(subjects, subject));

const withNewKey = (subject: Subject): Subject => ({
  ...subject,
  namespaces: subject.namespaces.map(n => ({ ...n, uuid: uuid(), key: alphanumeric(64) })),
});

/**
 * Creates the default subjects where they are missing, and those of `usersFile`. `generate` gives the default ones keys of
 * their own, once. Throws `UsageError`.
 */
export const provideSubjects = (subjects: SubjectStore, usersFile: string | undefined, generate = false): void => {
  const listed = usersFile === undefined ? [] : readUsers(usersFile);
  for (const subject of defaultSubjects) {
    const replace = generate && hasKnownKey(subjects, subject);
    if (replace || !subjects.get(subject.subject)) subjects.put(generate ? withNewKey(subject) : subject);
  }
  for (const subject of listed) subjects.put(subject);
};
