import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../json.js';
import { isLocked } from './lock.js';

/** Where the server that holds a data directory answers. */
export interface ServerAddress {
  readonly url: string;
  readonly pid: number;
  /** Of this run of the server, which tells it to whoever asks at `url`: another may listen there for the asker. */
  readonly id: string;
}

/** Beside the lock; readable by its owner alone, there while the server answers. */
export const addressFile = (dir: string): string => join(dir, 'server.json');

const read = (file: string): ServerAddress | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const known = isObject(value) && typeof value['url'] === 'string' && typeof value['id'] === 'string';
    return known ? (value as unknown as ServerAddress) : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The server that holds the directory. `none`: no server does, whatever file one left that was killed. `silent`: it has not
 * told where it answers, as while it starts or stops.
 */
export const findServer = (dir: string): ServerAddress | 'none' | 'silent' => {
  if (!existsSync(dir) || !isLocked(dir)) return 'none';
  return read(addressFile(dir)) ?? 'silent';
};
