import { createHash, timingSafeEqual } from 'node:crypto';
import type { Annotation } from '../entities/types.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares without telling by its time how much agrees. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** The header that carries an action's secret. */
export const SECRET_HEADER = 'x-require-whisk-auth';

/** Whether `require-whisk-auth` lets a request in (OPENWHISK.md 4.3). `secret` is what the client sent. */
export const isAuthorized = (
  annotations: readonly Annotation[],
  secret: string | undefined,
  authenticated: boolean,
): boolean => {
  const found = annotations.find(a => a.key === 'require-whisk-auth');
  if (!found || found.value === false) return true;
  if (found.value === true) return authenticated;
  if ((typeof found.value !== 'string' && typeof found.value !== 'number') || found.value === '') return false;
  return secret !== undefined && sameSecret(secret, String(found.value));
};
