import { execFile } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { bytesPerPage, readStat, residentPages, unreclaimable } from './proc.js';

/** How often the memory of running processes is measured, in ms. `ps` is a process of its own, so it runs less often. */
const PROC_INTERVAL = 250;
const PS_INTERVAL = 1_000;
/** Every so many rounds the members of the groups are searched anew: a scan of /proc reads every process. */
const SCAN_EVERY = 4;
/** A group whose leader has not changed since the last search is searched again only after so many rounds. */
const REST = 40;
/** Processes read in one go, so that a scan never holds up the event loop for long. */
const SLICE = 50;

export interface Watched {
  /** Process id and group id of the leader. */
  readonly pid: number;
  readonly limit: number;
  /** Bytes that it may use beyond its limit just now; asked only when it is over. */
  readonly allowance: () => number;
  /** False while the group is suspended. */
  active: boolean;
  readonly onExceeded: () => void;
}

interface Entry {
  readonly watched: Watched;
  /** Open /proc/<pid>/statm of the leader; -1 where there is none, or no file descriptor was left for it. */
  statm: number;
  /** Resident bytes of the other members when they were last counted, and of the leader then. */
  others: number;
  own: number;
  /** Their process ids, where /proc tells. */
  members: readonly string[];
}

/** What a search has found of a group besides its leader. */
interface Others {
  bytes: number;
  readonly members: string[];
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Measures the resident memory of process groups, all with one timer, and tells when one is over its limit. */
export class MemoryWatch {
  private readonly entries = new Map<number, Entry>();
  private timer: NodeJS.Timeout | undefined;
  private round = 0;
  private busy = false;
  private readonly proc = process.platform === 'linux';

  add(watched: Watched): void {
    const entry: Entry = { watched, statm: -1, others: 0, own: -1, members: [] };
    this.entries.set(watched.pid, entry);
    // Opens its file.
    if (this.proc) this.leader(entry);
    if (this.timer) return;
    this.timer = setInterval(() => void this.measure(), this.proc ? PROC_INTERVAL : PS_INTERVAL);
    this.timer.unref();
  }

  remove(pid: number): void {
    const entry = this.entries.get(pid);
    if (!entry) return;
    this.entries.delete(pid);
    if (entry.statm >= 0) closeSync(entry.statm);
    if (this.entries.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Resident bytes of a group, as far as known; the leader's share is measured now. */
  used(pid: number): number {
    const entry = this.entries.get(pid);
    if (!entry) return 0;
    return this.proc ? this.leader(entry) + entry.others : entry.others;
  }

  private leader(entry: Entry): number {
    try {
      if (entry.statm < 0) entry.statm = openSync(`/proc/${entry.watched.pid}/statm`, 'r');
      return residentPages(entry.statm) * bytesPerPage();
    } catch {
      // It has ended, or there is no file descriptor left for it.
      return 0;
    }
  }

  private async measure(): Promise<void> {
    const active = [...this.entries.values()].filter(entry => entry.watched.active);
    if (active.length === 0 || this.busy) return;
    this.busy = true;
    try {
      // Without a file descriptor or a process left, what was found before stands until the next search.
      await this.look(active).catch(() => {});
      for (const entry of active) if (this.entries.has(entry.watched.pid)) this.check(entry);
    } finally {
      this.busy = false;
    }
  }

  private async look(active: readonly Entry[]): Promise<void> {
    if (!this.proc) await this.askPs();
    else if (this.round++ % SCAN_EVERY === 0 && this.stirs(active)) await this.scan();
  }

  /** Whether there may be members that nobody knows of: who starts a process takes memory for it. */
  private stirs(active: readonly Entry[]): boolean {
    if (this.round % REST === 1) return true;
    return active.some(entry => entry.others > 0 || entry.own !== this.leader(entry));
  }

  private check(entry: Entry): void {
    const { pid, limit, allowance, onExceeded } = entry.watched;
    if (this.used(pid) <= limit) return;
    const bytes = this.proc ? this.exact(entry) : this.used(pid);
    if (bytes > limit && bytes > limit + allowance()) onExceeded();
  }

  /** Too dear for every round: only for a group that seems to be over its limit. Reads no other process than its own. */
  private exact({ watched: { pid }, members }: Entry): number {
    let bytes = unreclaimable(pid);
    // The id of one that has ended may be another's by now.
    for (const member of members) if (readStat(member)?.group === pid) bytes += unreclaimable(member);
    return bytes;
  }

  private async scan(): Promise<void> {
    const groups = new Map([...this.entries].filter(([, entry]) => entry.watched.active));
    const found = new Map<number, Others>();
    // Before the search: what is started during it is found by the next one.
    for (const [pid, entry] of groups) {
      entry.own = this.leader(entry);
      found.set(pid, { bytes: 0, members: [] });
    }
    const names = readdirSync('/proc');
    for (let at = 0; at < names.length; at += SLICE) {
      this.search(names.slice(at, at + SLICE), found);
      await nextTurn();
    }
    for (const [pid, { bytes, members }] of found) Object.assign(groups.get(pid) as Entry, { others: bytes, members });
  }

  /** Adds what the groups' members hold, leaders left out. */
  private search(names: readonly string[], found: ReadonlyMap<number, Others>): void {
    for (const name of names) {
      const pid = Number(name);
      if (Number.isNaN(pid) || found.has(pid)) continue;
      const stat = readStat(name);
      const others = stat && found.get(stat.group);
      if (!others) continue;
      others.bytes += stat.pages * bytesPerPage();
      others.members.push(name);
    }
  }

  private async askPs(): Promise<void> {
    if (process.platform === 'win32') return;
    const output = await new Promise<string>(resolve => {
      execFile('ps', ['-A', '-o', 'pgid=,rss='], (error, stdout) => resolve(error ? '' : stdout));
    });
    const sums = new Map<number, number>();
    for (const line of output.split('\n')) {
      const [group, kilobytes] = line.trim().split(/\s+/).map(Number);
      if (group !== undefined && kilobytes !== undefined) sums.set(group, (sums.get(group) ?? 0) + kilobytes * 1024);
    }
    for (const [pid, entry] of this.entries) entry.others = sums.get(pid) ?? 0;
  }
}
