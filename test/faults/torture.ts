import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { openStore } from '../../src/store/sqlite.js';
import { docker } from '../support/docker.js';
import { launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';
import { audit } from './audit.js';
import { createRandom } from './random.js';
import { startWitness } from './witness.js';
import { type Accepted, drive, nothing, prepare } from './workload.js';

export interface TortureOptions {
  readonly driver: 'docker' | 'process' | 'kubernetes';
  readonly rounds: number;
  readonly seed: number;
  /** Calls begun in a round, at most. */
  readonly calls?: number;
  /** MB of the server's pool; an action has 128. */
  readonly memory?: number;
  /** Told what each round found. */
  readonly tell?: (line: string) => void;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
  /** What is left of a server's containers, by its instance; where the driver is not one of this machine's. */
  readonly left?: (instance: string) => Promise<readonly string[]>;
}

export interface TortureReport {
  readonly accepted: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly wrong: readonly string[];
  /** Containers or processes that outlived the last server. */
  readonly orphans: readonly string[];
  /** Journal entries still open after the last orderly stop. */
  readonly open: number;
  readonly ends: Readonly<Record<string, number>>;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The server's own name for its data dir (server/open-drivers.ts). */
const instanceOf = (dir: string): string => createHash('sha256').update(dir).digest('hex').slice(0, 12);

/**
 * Processes of the server's that still run. Their environment names its data dir: over many rounds the numbers of those that
 * ended are given to others. Where there is no /proc, by number.
 */
const processes = (dir: string, pids: ReadonlySet<number>): string[] => {
  if (process.platform !== 'linux') return [...pids].filter(alive).map(pid => `process ${pid}`);
  const isOurs = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(dir);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && isOurs(name))
    .map(pid => `process ${pid}`);
};

const containers = async (instance: string): Promise<string[]> => {
  const rows = await docker('ps', '-aq', '--filter', `label=miniwhisk.instance=${instance}`);
  return rows.split('\n').filter(row => row !== '');
};

const openEntries = async (dir: string): Promise<number> => {
  const store = await openStore({ dir, clock: systemClock, log: silentLogger() });
  try {
    return store.journal.pending().length;
  } finally {
    await store.close();
  }
};

/**
 * Rounds of: start on the same data dir, call, kill at a random instant (every fourth time an orderly stop). After each
 * start everything promised before is looked up by id.
 */
export const torture = async (options: TortureOptions): Promise<TortureReport> => {
  const { driver, rounds, seed, calls: most = 60, memory = 2048, tell, flags = [] } = options;
  const random = createRandom(seed);
  const dir = await mkdtemp(join(tmpdir(), 'miniwhisk-torture-'));
  await using witness = await startWitness();
  const args = [
    '--driver',
    driver,
    '--data-dir',
    dir,
    '--no-prewarm',
    '--pool-memory',
    String(memory),
    '--grace',
    '0.2',
    ...flags,
  ];
  const report = { accepted: 0, lost: [] as string[], doubled: [] as string[], wrong: [] as string[] };
  const ends: Record<string, number> = {};
  let promised: Accepted = nothing();
  try {
    for (let round = 0; round <= rounds; round++) {
      await using server = await launchServer(args);
      const rest = restClient(server.url, server.auth);
      if (round === 0) await prepare(rest, witness.port);
      const last = round === rounds;
      const now = nothing();
      let over: boolean = last;
      const load = last ? undefined : drive(server, random, now, () => over, { most });
      // Some kills come while what was promised before still goes on; it is looked up after the next start.
      const early = !last && random.below(3) === 0;
      let late: readonly string[] = [];
      if (!early) {
        const found = await audit(rest, promised, witness, last ? 120_000 : 20_000);
        report.accepted += found.accepted - found.lost.length;
        if (last) report.lost.push(...found.lost);
        else late = found.lost;
        report.wrong.push(...found.wrong);
        report.doubled = found.doubled;
        for (const [how, n] of Object.entries(found.ends)) ends[how] = (ends[how] ?? 0) + n;
      }
      if (!last) await new Promise(resolve => setTimeout(resolve, random.below(early ? 400 : 900)));
      over = true;
      const signal = last || round % 4 === 3 ? 'SIGTERM' : 'SIGKILL';
      await server.kill(signal);
      await load;
      tell?.(
        `round ${round}: ${signal}, ${now.calls.size + now.triggers.size} promised, ${report.accepted} looked up, ${late.length} late, ${report.doubled.length} doubled`,
      );
      promised = early ? merge(promised, now) : merge({ ...nothing(), calls: new Set(late) }, now);
    }
    const open = await openEntries(dir);
    const left = options.left ?? (driver === 'docker' ? containers : undefined);
    const orphans = (await left?.(instanceOf(dir))) ?? processes(dir, witness.pids);
    return { ...report, orphans, open, ends };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const merge = (a: Accepted, b: Accepted): Accepted => ({
  calls: new Set([...a.calls, ...b.calls]),
  triggers: new Set([...a.triggers, ...b.triggers]),
  refused: b.refused,
});
