import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchServer } from '../support/launch.js';
import { type Rest, restClient } from '../support/rest.js';
import { createRandom } from './random.js';

const { SOAK_MINUTES = '10', SOAK_DRIVER = 'process' } = process.env;
const minutes = Number(SOAK_MINUTES);

/** Resident memory in MB and open file descriptors, from /proc. */
const usage = (pid: number): { rss: number; fds: number } => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, fds: readdirSync(`/proc/${pid}/fd`).length };
};

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

const prepare = async (rest: Rest): Promise<void> => {
  const limits = { limits: { memory: 128 } };
  await rest.action('noop', 'const main = args => args', limits);
  await rest.action(
    'chatty',
    'const main = () => { for (let i = 0; i < 20; i++) console.log("line", i); return {}; }',
    limits,
  );
  await rest.put('_/actions/pair?overwrite=true', { exec: { kind: 'sequence', components: ['/_/noop', '/_/noop'] } });
  await rest.put('_/triggers/bell?overwrite=true', {});
  await rest.put('_/rules/ring?overwrite=true', { trigger: '/_/bell', action: '/_/noop' });
};

it(`${minutes} minutes at half the maximum: memory, descriptors and p99 stay flat`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'miniwhisk-soak-'));
  const server = await launchServer(['--driver', SOAK_DRIVER, '--data-dir', dir]);
  try {
    const rest = restClient(server.url, server.auth);
    const random = createRandom(1);
    await prepare(rest);
    const calls: (() => Promise<{ status: number }>)[] = [
      () => rest.post('_/actions/noop?blocking=true', { n: 1 }),
      () => rest.post('_/actions/noop?blocking=true&result=true', { text: 'x'.repeat(2000) }),
      () => rest.post('_/actions/noop', {}),
      () => rest.post('_/actions/pair?blocking=true', {}),
      () => rest.post('_/actions/chatty?blocking=true', {}),
      () => rest.post('_/triggers/bell', {}),
      () => rest.get('_/activations?limit=10'),
      () => rest.get('_/actions/noop'),
    ];
    let failed = 0;
    const once = async (): Promise<number> => {
      const before = performance.now();
      const { status } = await random.pick(calls)();
      if (status >= 300) failed++;
      return performance.now() - before;
    };
    const saturate = async (ms: number): Promise<number> => {
      const end = performance.now() + ms;
      let done = 0;
      const client = async (): Promise<void> => {
        while (performance.now() < end) {
          await once();
          done++;
        }
      };
      await Promise.all(Array.from({ length: 8 }, client));
      return (done / ms) * 1000;
    };
    await saturate(5000);
    const rate = (await saturate(5000)) / 2;
    const rows: { minute: number; p50: number; p99: number; rss: number; fds: number }[] = [];
    for (let minute = 1; minute <= minutes; minute++) {
      const took: number[] = [];
      const seen: { rss: number; fds: number }[] = [];
      const open = new Set<Promise<void>>();
      const start = performance.now();
      for (let sent = 0; performance.now() - start < 60_000; sent++) {
        const call: Promise<void> = once().then(ms => {
          took.push(ms);
          open.delete(call);
        });
        open.add(call);
        const wait = start + ((sent + 1) * 1000) / rate - performance.now();
        if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait));
        if (sent % Math.ceil(rate) === 0) seen.push(usage(server.pid));
      }
      await Promise.all(open);
      rows.push({
        minute,
        p50: quantile(took, 0.5),
        p99: quantile(took, 0.99),
        rss: quantile(
          seen.map(s => s.rss),
          0.5,
        ),
        fds: quantile(
          seen.map(s => s.fds),
          0.5,
        ),
      });
      process.stdout.write(
        `${JSON.stringify({ rate: Math.round(rate), calls: took.length, failed, ...rows.at(-1) })}\n`,
      );
    }
    const first = rows[0]!;
    const last = rows.at(-1)!;
    const middle = rows[Math.floor(rows.length / 2)]!;
    expect(failed).toBe(0);
    expect(last.p99).toBeLessThanOrEqual(first.p99 * 1.5);
    expect(last.rss).toBeLessThanOrEqual(middle.rss * 1.1);
    expect(last.fds).toBeLessThanOrEqual(first.fds + 16);
  } finally {
    await server.kill('SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  }
});
