import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killGroup } from './process-group.js';

/** What a server writes down of each process it starts, so that its next start can end what a kill -9 left. */
interface Note {
  readonly pid: number;
  /** When the process began, as the system tells it: a process id alone may have been given to another program since. */
  readonly started: string;
}

const SUFFIX = '.json';

/** When a process began, in the system's own words; undefined when there is none. */
const startOf = async (pid: number): Promise<string | undefined> => {
  if (process.platform === 'linux') {
    try {
      const [stat, boot] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'latin1'),
        readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      ]);
      // From behind the command's name: the state first, ticks between the machine's start and its own twentieth.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${boot.trim()} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  return new Promise(resolve => {
    const env = { PATH: '/bin:/usr/bin', LC_ALL: 'C' };
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { env }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim() || undefined),
    );
  });
};

export const isNote = (file: string): boolean => file.endsWith(SUFFIX);
export const noteFile = (directory: string, name: string): string => join(directory, `${name}${SUFFIX}`);

/** Windows has no way to suspend a proxy, so there each one ends by itself when its standard input does. */
export const writeNote = async (directory: string, name: string, pid: number): Promise<void> => {
  if (process.platform === 'win32') return;
  const started = await startOf(pid);
  if (started === undefined) return;
  await writeFile(noteFile(directory, name), JSON.stringify({ pid, started } satisfies Note));
};

/** Ends the process a note tells of, if it is still that one. Resolves to whether it was. */
export const endNoted = async (file: string): Promise<boolean> => {
  let note: Note;
  try {
    note = JSON.parse(await readFile(file, 'utf8')) as Note;
  } catch {
    return false;
  }
  if (!Number.isInteger(note.pid) || note.pid <= 1 || (await startOf(note.pid)) !== note.started) return false;
  killGroup(note.pid);
  return true;
};
