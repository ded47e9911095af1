import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

const pool = Buffer.allocUnsafe(16 * 256);
let used = pool.length;

/** A new activation id: 32 lower-case hex characters (OpenWhisk: a UUID without dashes). Random bytes are drawn in bulk. */
export const activationId = (): string => {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 16;
  return pool.toString('hex', used - 16, used);
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `n` characters of `[A-Za-z0-9]`, each drawn without bias. */
export const alphanumeric = (n: number): string => {
  let out = '';
  while (out.length < n)
    for (const byte of randomBytes(n)) if (byte < 248 && out.length < n) out += ALPHABET[byte % 62];
  return out;
};

/** A new transaction id: 32 characters of `[A-Za-z0-9]` (OPENWHISK.md 1.1). */
export const transactionId = (): string => {
  let out = '';
  const bytes = randomBytes(32);
  for (const byte of bytes) out += ALPHABET[byte % 62];
  return out;
};

export const uuid = (): string => randomUUID();
