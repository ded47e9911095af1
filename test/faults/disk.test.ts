import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/store/binding.js';
import { launch, launchServer } from '../support/launch.js';
import { eventually, type Rest, restClient } from '../support/rest.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'miniwhisk-disk-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const serve = (data: string) =>
  launchServer(['--driver', 'process', '--data-dir', data, '--no-prewarm', '--log-format', 'json']);

const ready = async (rest: Rest): Promise<boolean> => (await rest.get('/miniwhisk/v1/ready')).status === 200;

const recordOf = (rest: Rest, id: string) =>
  eventually(async () => {
    const { status, json } = await rest.get(`_/activations/${id}`);
    return status === 200 ? json : undefined;
  }, 20_000);

/** Only root may mount, and only Linux has tmpfs. */
const mountable = process.platform === 'linux' && process.getuid?.() === 0;

/** Writes until nothing more fits. */
const fill = (file: string): void => {
  const fd = openSync(file, 'a');
  try {
    for (let size = 1 << 20; size >= 1; )
      try {
        if (writeSync(fd, Buffer.alloc(size)) < size) size >>= 1;
      } catch {
        size >>= 1;
      }
  } finally {
    closeSync(fd);
  }
};

describe.skipIf(!mountable)('a disk of its own (needs root)', () => {
  let disk: string;
  beforeAll(() => {
    disk = mkdtempSync(join(tmpdir(), 'miniwhisk-small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
  });
  afterAll(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('full: writes are refused with 503 and text, reads go on, what was accepted comes through', {
    timeout: 90_000,
  }, async () => {
    const data = join(disk, 'data');
    const server = await serve(data);
    const rest = restClient(server.url, server.auth);
    try {
      await rest.action('slow', 'const main = args => new Promise(r => setTimeout(r, 1000, args))', {
        limits: { memory: 128 },
      });
      await rest.post('_/actions/slow?blocking=true', {});
      const before = await Promise.all(Array.from({ length: 4 }, (_, n) => rest.post('_/actions/slow', { n })));
      for (const { status } of before) expect(status).toBe(202);
      fill(join(disk, 'ballast'));

      const accept = () => rest.post('_/actions/slow', { ballast: 'x'.repeat(300_000) });
      const refused = await eventually(async () => {
        const reply = await accept();
        return reply.status === 503 ? reply : undefined;
      });
      expect(refused.json.error).toMatch(/cannot write to its store/);
      expect(refused.json.error).toMatch(/full/);
      const put = await rest.put('_/actions/new', { exec: { kind: 'nodejs:20', code: 'x'.repeat(200_000) } });
      expect([put.status, put.json.error]).toEqual([503, expect.stringMatching(/cannot write to its store/)]);
      expect((await rest.get('_/actions/slow')).status).toBe(200);
      expect((await rest.get('_/activations')).status).toBe(200);
      // A tenth of a second after a refusal it tries again, and something small may find room: so right behind one.
      await eventually(async () => ((await accept()).status === 503 && !(await ready(rest)) ? true : undefined));
      const blocking = await rest.post('_/actions/slow?blocking=true', { while: 'full' });
      expect(blocking.status).toBe(200);

      rmSync(join(disk, 'ballast'));
      await eventually(async () => ((await ready(rest)) ? true : undefined), 20_000);
      for (const { json } of before) expect((await recordOf(rest, json.activationId)).response.success).toBe(true);
      expect((await recordOf(rest, blocking.json.activationId)).response.result).toEqual({ while: 'full' });
      expect((await rest.post('_/actions/slow', {})).status).toBe(202);
    } finally {
      const { stderr } = await server.kill('SIGTERM');
      const told = stderr.split('\n').filter(line => line.includes('The store cannot be written. What is new'));
      // At the brim small writes succeed now and then; it is told whenever it turns.
      expect(told.length).toBeGreaterThan(0);
      expect(told.length).toBeLessThan(20);
    }
  });

  it('read-only: one line, exit code 1', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const { code, stderr } = await launch(['--port', '0', '--driver', 'process', '--data-dir', join(disk, 'fresh')])
      .exit;
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toMatch(/data directory/);
  });
});

it('a backup tool that holds the database: 503 meanwhile, then all is well', { timeout: 60_000 }, async () => {
  const data = join(dir, 'busy');
  await using server = await serve(data);
  const rest = restClient(server.url, server.auth);
  await rest.action('echo', 'const main = args => args');
  const tool = openSqlite(join(data, 'miniwhisk.db'));
  tool.exec('BEGIN IMMEDIATE');
  const blocked = await rest.post('_/actions/echo', {});
  const put = await rest.put('_/packages/p', {});
  expect((await rest.get('_/actions/echo')).status).toBe(200);
  tool.exec('COMMIT');
  tool.close();
  for (const reply of [blocked, put])
    expect([reply.status, reply.json.error]).toEqual([503, expect.stringMatching(/cannot write to its store.*locked/)]);
  const { status, json } = await rest.post('_/actions/echo', { after: 1 });
  expect(status).toBe(202);
  expect((await recordOf(rest, json.activationId)).response.result).toEqual({ after: 1 });
});

it('a torn write-ahead log: the server starts with what was whole', { timeout: 60_000 }, async () => {
  for (const tear of [
    (wal: string) => truncateSync(wal, Math.max(0, statSync(wal).size - 100)),
    (wal: string) => appendFileSync(wal, Buffer.alloc(5000, 0x5a)),
  ]) {
    const data = mkdtempSync(join(dir, 'torn-'));
    const first = await serve(data);
    const rest = restClient(first.url, first.auth);
    await rest.action('kept', 'const main = args => args');
    const { json } = await rest.post('_/actions/kept?blocking=true', { n: 1 });
    await recordOf(rest, json.activationId);
    for (let n = 0; n < 20; n++) await rest.put(`_/packages/p${n}`, {});
    await first.kill('SIGKILL');
    tear(join(data, 'miniwhisk.db-wal'));
    await using second = await serve(data);
    const again = restClient(second.url, second.auth);
    expect((await again.get('_/actions/kept')).status).toBe(200);
    expect((await again.post('_/actions/kept?blocking=true&result=true', { n: 2 })).json).toEqual({ n: 2 });
  }
});
