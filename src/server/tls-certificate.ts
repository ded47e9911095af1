import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, UsageError } from '../errors.js';

/** A certificate (with its chain, if any) and its key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const DAY = 24 * 3600 * 1000;

/** Browsers refuse certificates that are valid for longer. */
const VALIDITY = 825 * DAY;

/** A kept certificate is renewed when it ends this soon. */
const RENEW_BEFORE = 30 * DAY;

/** Both of one pair in one file, so that they are never half replaced. */
const FILE = 'tls-self-signed.pem';

/** Throws when the two do not belong together or cannot be read. */
export const checkPair = ({ cert, key }: KeyPair): void => {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key does not belong to the certificate');
  }
};

const read = (file: string, option: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The file of ${option} cannot be read: ${errorText(error)}`);
  }
};

/** The user's own certificate. Throws `UsageError`. */
export const readKeyPair = (certFile: string, keyFile: string): KeyPair => {
  const pair = { cert: read(certFile, '--tls-cert'), key: read(keyFile, '--tls-key') };
  try {
    checkPair(pair);
  } catch (error) {
    throw new UsageError(`The certificate '${certFile}' cannot be used with the key '${keyFile}': ${errorText(error)}`);
  }
  return pair;
};

const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(':');

/** Names every certificate covers. Clients take no wildcard right below `localhost`, so the guest's vanity host is named. */
const LOCAL = ['localhost', 'guest.localhost', '127.0.0.1', '::1'];

const make = async (names: readonly string[], now: number): Promise<KeyPair> => {
  const altNames = names.map(name =>
    isAddress(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  // Loaded by those alone who need it: it takes 10 MB and a tenth of a second.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'miniwhisk on localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now - DAY + VALIDITY),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { cert: made.cert, key: made.private };
};

const covers = (certificate: X509Certificate, name: string): boolean =>
  isAddress(name) ? certificate.checkIP(name) !== undefined : certificate.checkHost(name) !== undefined;

/** The kept pair if it still serves. */
const kept = (file: string, names: readonly string[], now: number): KeyPair | undefined => {
  try {
    const pem = readFileSync(file, 'utf8');
    const pair = { cert: pem, key: pem };
    checkPair(pair);
    const certificate = new X509Certificate(pem);
    const lasts = Date.parse(certificate.validTo) - now > RENEW_BEFORE;
    return lasts && names.every(name => covers(certificate, name)) ? pair : undefined;
  } catch {
    return undefined;
  }
};

/**
 * A self-signed pair for this machine and `host`, kept in `dir` (only the owner can read it) and renewed before it ends.
 * Without `dir` it lives as long as the process.
 */
export const selfSignedPair = async (dir: string | undefined, host: string, now: number): Promise<KeyPair> => {
  const names = [...new Set([...LOCAL, ...(host === '0.0.0.0' || host === '::' ? [] : [host])])];
  if (dir === undefined) return make(names, now);
  const file = join(dir, FILE);
  const known = kept(file, names, now);
  if (known) return known;
  const pair = await make(names, now);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${pair.cert.trim()}\n${pair.key.trim()}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return pair;
};
