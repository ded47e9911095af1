import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorText, UsageError } from '../errors.js';

/** Writes the file whole or not at all: whoever waits for it may read it as soon as it is there. Throws `UsageError`. */
export const writeReadyFile = (file: string, content: object): void => {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(content)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new UsageError(`The ready file '${file}' cannot be written: ${errorText(error)}`);
  }
};
