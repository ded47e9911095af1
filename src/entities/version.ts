import { rejection } from '../errors.js';
import type { Json } from '../json.js';
import { entity, http } from '../messages.js';

export const FIRST_VERSION = '0.0.1';

/** `x[.y[.z]]`; parts after the third are dropped, missing ones read as 0, not all may be 0. Throws 400 malformed. */
export const parseVersion = (value: Json): string => {
  const bad = (): Error => rejection(400, http.malformed(entity.versionMalformed));
  if (typeof value !== 'string') throw bad();
  const parts = value.split('.').slice(0, 3);
  if (!parts.every(p => /^\+?\d{1,10}$/.test(p))) throw bad();
  const [major = 0, minor = 0, patch = 0] = parts.map(Number);
  if (major + minor + patch === 0 || [major, minor, patch].some(n => n > 0x7fffffff)) throw bad();
  return `${major}.${minor}.${patch}`;
};

export const bumpVersion = (version: string): string => {
  const [major = '0', minor = '0', patch = '0'] = version.split('.');
  return `${major}.${minor}.${Number(patch) + 1}`;
};

/** The version after a PUT: the one it gives, else the next after the stored one. Throws 400 malformed. */
export const nextVersion = (given: string | undefined, stored: { readonly version: string } | undefined): string => {
  if (given !== undefined) return parseVersion(given);
  return stored ? bumpVersion(stored.version) : FIRST_VERSION;
};
