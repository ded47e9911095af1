import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a folder that only this user can enter. One that another user made first, to plant files in it, is refused. */
export const makePrivate = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const found = await lstat(directory);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return;
  throw new Error(`folder ${directory} belongs to another user, or others may write to it`);
};

/** Lets its owner change all folders of a tree, links not followed. What cannot be changed stays as it is. */
const unlock = async (path: string): Promise<void> => {
  try {
    if (!(await lstat(path)).isDirectory()) return;
    await chmod(path, 0o700);
    await Promise.all((await readdir(path)).map(name => unlock(join(path, name))));
  } catch {}
};

/** Removes a folder, or a file, and does not mind a missing one. Folders in it may be locked, as Go's module cache is. */
export const removeTree = async (path: string): Promise<void> => {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 });
  try {
    await remove();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await unlock(path);
    await remove();
  }
};
