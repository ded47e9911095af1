import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import Docker from 'dockerode';

const TICKS = 100;

/** CPU time in ms and resident memory in MB of a process, so far and now. */
export const usage = (pid: number): { cpuMs: number; rssMb: number } => {
  if (existsSync(`/proc/${pid}/stat`)) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    return { cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS, rssMb: Number(rss) / 1024 };
  }
  const [time = '0', rss = '0'] = execFileSync('ps', ['-o', 'time=,rss=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuMs: seconds * 1000, rssMb: Number(rss) / 1024 };
};

export const describeMachine = async (): Promise<string> => {
  const docker = await new Docker()
    .version()
    .then(v => `, Docker ${v.Version}`)
    .catch(() => '');
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} cores of ${model}, ${memory} GB, ${platform()} ${release()}, Node.js ${process.version}${docker}`;
};
