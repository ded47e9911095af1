import { unwatchFile, watchFile } from 'node:fs';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import { type KeyPair, readKeyPair } from './tls-certificate.js';

/**
 * ms between looks at the files. Looking, rather than being told by the system, also sees files that are replaced by
 * renaming, behind links, or on a network's disk.
 */
const INTERVAL = 500;

/**
 * Calls `changed` with the pair whenever the files hold another one. While they do not belong together (one of the two is
 * written already) the pair in use stays. Returns how to stop.
 */
export const watchKeyPair = (
  certFile: string,
  keyFile: string,
  changed: (pair: KeyPair) => void,
  log: Logger,
): (() => void) => {
  let current = readKeyPair(certFile, keyFile);
  const look = (): void => {
    try {
      const pair = readKeyPair(certFile, keyFile);
      if (pair.cert === current.cert && pair.key === current.key) return;
      changed(pair);
      current = pair;
      log.info(`the certificate '${certFile}' was read again`);
    } catch (error) {
      log.warn(`the changed certificate is not used yet: ${errorText(error)}`);
    }
  };
  const files = [certFile, keyFile];
  for (const file of files) watchFile(file, { interval: INTERVAL, persistent: false }, look);
  return () => {
    for (const file of files) unwatchFile(file, look);
  };
};
