import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { UsageError } from '../errors.js';
import type { Json } from '../json.js';
import type { Parameter } from './types.js';

/**
 * Parameters encrypted at rest as OpenWhisk's `parameter-storage` does, byte for byte (ParameterEncryption.scala):
 * base64 of a 32-bit length of the IV, the IV, AES-GCM ciphertext, and its 16-byte tag.
 */
const TAG_BYTES = 16;

interface Scheme {
  readonly name: 'aes-128' | 'aes-256';
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm';
  readonly keyBytes: number;
  readonly ivBytes: number;
}

/** Upstream's `Aes256` uses an IV of 128 bytes; both are kept, so that its documents can be read. */
const SCHEMES: readonly Scheme[] = [
  { name: 'aes-128', cipher: 'aes-128-gcm', keyBytes: 16, ivBytes: 12 },
  { name: 'aes-256', cipher: 'aes-256-gcm', keyBytes: 32, ivBytes: 128 },
];

const encrypt = (scheme: Scheme, key: Buffer, value: Json): string => {
  const iv = randomBytes(scheme.ivBytes);
  const cipher = createCipheriv(scheme.cipher, key, iv);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(iv.length);
  return Buffer.concat([
    length,
    iv,
    cipher.update(JSON.stringify(value), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]).toString('base64');
};

const decrypt = (scheme: Scheme, key: Buffer, text: string): Json => {
  const bytes = Buffer.from(text, 'base64');
  const body = 4 + scheme.ivBytes;
  if (bytes.length < body + TAG_BYTES || bytes.readUInt32BE() !== scheme.ivBytes) throw new Error('invalid iv length');
  const decipher = createDecipheriv(scheme.cipher, key, bytes.subarray(4, body));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const clear = Buffer.concat([decipher.update(bytes.subarray(body, -TAG_BYTES)), decipher.final()]);
  return JSON.parse(clear.toString('utf8')) as Json;
};

export interface ParameterCipher {
  /** Encrypts what is not encrypted yet, with the current scheme; a value that came back encrypted stays as it is. */
  lock(parameters: readonly Parameter[]): readonly Parameter[];
  /** Decrypts what a known scheme encrypted; the rest stays as it is. Throws when a value was tampered with. */
  unlock(parameters: readonly Parameter[]): readonly Parameter[];
}

export interface CipherOptions {
  readonly current: 'noop' | 'aes-128' | 'aes-256';
  /** Keys in base64, of 16 and 32 bytes. A scheme that is not current may still have one, to read older values. */
  readonly keys: Partial<Record<'aes-128' | 'aes-256', string | undefined>>;
}

/** Throws `UsageError` when a key is missing or of the wrong length. */
export const createParameterCipher = ({ current, keys }: CipherOptions): ParameterCipher => {
  const schemes = new Map<string, { scheme: Scheme; key: Buffer }>();
  for (const scheme of SCHEMES) {
    const given = keys[scheme.name];
    if (given === undefined) continue;
    const key = Buffer.from(given.trim(), 'base64');
    if (key.length !== scheme.keyBytes) {
      throw new UsageError(
        `Bad key for ${scheme.name}: expected ${scheme.keyBytes} bytes in base64, got ${key.length}. Make one with: openssl rand -base64 ${scheme.keyBytes}`,
      );
    }
    schemes.set(scheme.name, { scheme, key });
  }
  const writer = schemes.get(current);
  if (current !== 'noop' && !writer) {
    throw new UsageError(
      `--parameter-storage ${current} needs a key: give --${current.replace('-', '')}-key or its file.`,
    );
  }

  return {
    lock: parameters =>
      writer
        ? parameters.map(p =>
            p.encryption === undefined
              ? { ...p, value: encrypt(writer.scheme, writer.key, p.value), encryption: writer.scheme.name }
              : p,
          )
        : parameters,
    unlock: parameters =>
      parameters.some(p => p.encryption !== undefined)
        ? parameters.map(p => {
            const known = p.encryption === undefined ? undefined : schemes.get(p.encryption);
            if (!known || typeof p.value !== 'string') return p;
            const { encryption: _, ...rest } = p;
            return { ...rest, value: decrypt(known.scheme, known.key, p.value) };
          })
        : parameters,
  };
};
