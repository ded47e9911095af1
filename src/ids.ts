import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

const pool = Buffer.allocUnsafe(16 * 1024);
let used = pool.length;

/** Where the next `n` bytes begin in the pool. Random bytes are drawn in bulk: each draw is a call into OpenSSL. */
const draw = (n: number): number => {
  if (used + n > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += n;
  return used - n;
};

/**
 * A new activation id: 32 lower-case hex characters (OpenWhisk: a UUID without dashes). It begins with the time, in ms, as a
 * UUID of version 7 does: ids of a batch are neighbours in the store's index and share its pages. 80 bits are random.
 */
export const activationId = (): string => {
  const from = draw(16);
  pool.writeUIntBE(Date.now(), from, 6);
  return pool.toString('hex', from, from + 16);
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `n` characters of `[A-Za-z0-9]`, each drawn without bias. */
export const alphanumeric = (n: number): string => {
  let out = '';
  while (out.length < n)
    for (const byte of randomBytes(n)) if (byte < 248 && out.length < n) out += ALPHABET[byte % 62];
  return out;
};

/** A new transaction id: 32 characters of `[A-Za-z0-9]` (OPENWHISK.md 1.1), of which hex needs no drawing letter by letter. */
export const transactionId = (): string => {
  const from = draw(16);
  return pool.toString('hex', from, from + 16);
};

export const uuid = (): string => randomUUID();
