import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorText, UsageError } from '../errors.js';
import type { Logger } from '../log.js';
import { addressFile, type ServerAddress } from '../store/address.js';

/** Writes the file whole or not at all: whoever waits for it may read it as soon as it is there. Throws `UsageError`. */
export const writeReadyFile = (file: string, content: object): void => {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(content)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new UsageError(`The file '${file}' cannot be written: ${errorText(error)}`);
  }
};

/** Tells the commands that work on the data dir where its server answers. A server that cannot tell serves all the same. */
export const leaveAddress = (dir: string, address: ServerAddress, log: Logger): void => {
  try {
    writeReadyFile(addressFile(dir), address);
  } catch (error) {
    log.warn(`Commands will not find this server by its data dir. ${errorText(error)}`);
  }
};

/** Also takes away what a server left that was killed. */
export const removeAddress = (dir: string): void => rmSync(addressFile(dir), { force: true });
