import { readFileSync, readSync } from 'node:fs';

const buffer = Buffer.alloc(128);

/** Resident pages out of an open /proc/<pid>/statm: the cheapest count there is, what is shared with others included. */
export const residentPages = (statm: number): number => {
  const length = readSync(statm, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[1]);
};

let pageSize = 0;
/** /proc counts pages; the kernel's page size is what makes this process's own count match its bytes. */
export const bytesPerPage = (): number => {
  if (pageSize === 0) {
    const pages = Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]);
    pageSize = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages));
  }
  return pageSize;
};

/** Group and resident pages out of /proc/<pid>/stat; the command's name in it may hold anything, so begin after it. */
export const readStat = (pid: string): { readonly group: number; readonly pages: number } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { group: Number(fields[2]), pages: Number(fields[21]) };
  } catch {
    return undefined;
  }
};

/**
 * Resident bytes of a process that no file stands behind: what a memory limit of a control group comes down to, since the
 * kernel drops a file's pages before it kills. 0 for a process that has ended; all resident bytes before Linux 4.5.
 */
export const unreclaimable = (pid: string | number): number => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return 0;
  }
  const kilobytes = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return found ? Number(found[1]) : undefined;
  };
  const anonymous = kilobytes('RssAnon');
  return 1024 * (anonymous === undefined ? (kilobytes('VmRSS') ?? 0) : anonymous + (kilobytes('RssShmem') ?? 0));
};
