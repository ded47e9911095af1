import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome } from '../../src/messages.js';
import { openSqlite } from '../../src/store/binding.js';
import { type LaunchedServer, launchServer } from '../support/launch.js';
import { eventually, type Rest, restClient } from '../support/rest.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'miniwhisk-interrupted-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const serve = async (data: string, ...flags: string[]): Promise<{ server: LaunchedServer; rest: Rest }> => {
  const server = await launchServer(['--driver', 'process', '--data-dir', data, '--no-prewarm', ...flags]);
  return { server, rest: restClient(server.url, server.auth) };
};

/** Writes a line into `file` at each run; the first run never ends, later ones do. */
const action = (file: string): string => `
const { appendFileSync, readFileSync } = require('fs');
const file = ${JSON.stringify(file)};
const main = () => {
  appendFileSync(file, process.env.__OW_ACTIVATION_ID + '\\n');
  const run = readFileSync(file, 'utf8').split('\\n').length - 1;
  return run === 1 ? new Promise(() => setInterval(() => {}, 1000)) : { run };
};`;

const runs = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

const recordOf = (rest: Rest, id: string) =>
  eventually(async () => {
    const { status, json } = await rest.get(`_/activations/${id}`);
    return status === 200 ? json : undefined;
  }, 20_000);

/** What is in the journal of a server that runs. */
const journaled = (data: string): number => {
  const database = openSqlite(join(data, 'miniwhisk.db'), { readonly: true });
  try {
    return (database.prepare('SELECT count(*) AS n FROM journal').get() as { n: number }).n;
  } finally {
    database.close();
  }
};

const RETRY = { annotations: [{ key: 'retry-interrupted', value: true }] };

describe('killed while actions run', () => {
  it.each([
    { name: 'by default: none runs again', extra: {}, flags: [], again: false },
    { name: 'annotation retry-interrupted', extra: RETRY, flags: [], again: true },
    { name: '--retry-interrupted', extra: {}, flags: ['--retry-interrupted'], again: true },
    {
      name: '--retry-interrupted, and the annotation says no',
      extra: { annotations: [{ key: 'retry-interrupted', value: false }] },
      flags: ['--retry-interrupted'],
      again: false,
    },
  ])('$name', { timeout: 60_000 }, async ({ extra, flags, again }) => {
    const data = mkdtempSync(join(dir, 'data-'));
    const file = join(data, 'runs');
    const first = await serve(data, ...flags);
    await first.rest.action('once', action(file), { ...extra, limits: { timeout: 30_000 } });
    const { status, json } = await first.rest.post('_/actions/once', {});
    expect(status).toBe(202);
    await eventually(() => (runs(file).length === 1 ? true : undefined));
    await first.server.kill('SIGKILL');

    const second = await serve(data, ...flags);
    await using _ = second.server;
    const record = await recordOf(second.rest, json.activationId);
    if (again) expect(record.response).toMatchObject({ status: 'success', result: { run: 2 } });
    else {
      const { status: ended, result } = record.response;
      expect([ended, result]).toEqual(['whisk internal error', { error: outcome.interrupted }]);
    }
    expect(runs(file)).toEqual(Array.from({ length: again ? 2 : 1 }, () => json.activationId));
    expect((await second.rest.get('_/activations')).json).toHaveLength(1);
    // A record can be read a moment before the batch with it, and with the journal's line of it, is on the disk.
    await eventually(() => (journaled(data) === 0 ? true : undefined));
  });

  it('a blocking caller whose server died finds the record', { timeout: 60_000 }, async () => {
    const data = mkdtempSync(join(dir, 'data-'));
    const file = join(data, 'runs');
    const first = await serve(data);
    await first.rest.action('once', action(file), { limits: { timeout: 30_000 } });
    const broken = first.rest.post('_/actions/once?blocking=true', {}).catch(() => 'broken');
    await eventually(() => (runs(file).length === 1 && journaled(data) === 1 ? true : undefined));
    await first.server.kill('SIGKILL');
    expect(await broken).toBe('broken');

    const second = await serve(data);
    await using _ = second.server;
    const [id] = runs(file);
    expect((await recordOf(second.rest, id ?? '')).response.result).toEqual({ error: outcome.interrupted });
    expect((await second.rest.get('_/activations?name=once')).json).toHaveLength(1);
  });
});

it('stopped under load: what waited is kept and runs at the next start', { timeout: 90_000 }, async () => {
  const data = mkdtempSync(join(dir, 'data-'));
  const flags = ['--pool-memory', '256', '--grace', '0.2'];
  const first = await serve(data, ...flags);
  const slow = 'const main = args => new Promise(r => setTimeout(r, 400, args))';
  await first.rest.action('slow', slow, { limits: { memory: 256 } });
  await first.rest.put('_/triggers/bell', {});
  await first.rest.put('_/rules/ring', { trigger: '/_/bell', action: '/_/slow' });
  await first.rest.post('_/actions/slow?blocking=true', {});
  const calls = await Promise.all(Array.from({ length: 8 }, (_, n) => first.rest.post('_/actions/slow', { n })));
  const fired = await first.rest.post('_/triggers/bell', { n: 'fired' });
  const blocking = first.rest.post('_/actions/slow?blocking=true', { n: 'blocking' });
  await eventually(async () =>
    (await first.rest.get('/miniwhisk/v1/pool')).json.queue.waiting >= 9 ? true : undefined,
  );
  const { code } = await first.server.kill('SIGTERM');
  expect(code).toBe(0);
  // Accepted as it was, it is not refused: it runs at the next start, and its caller has the id to look for.
  expect((await blocking).status).toBe(202);

  const second = await serve(data, ...flags);
  await using _ = second.server;
  const log = (await recordOf(second.rest, fired.json.activationId)).logs[0];
  const ids = [...calls, await blocking].map(({ json }) => json.activationId);
  ids.push(JSON.parse(log).activationId);
  const ends = [];
  for (const id of ids) ends.push((await recordOf(second.rest, id)).response.result);
  // The one container had one call when the stop came; that one was not run twice.
  expect(ends.filter(result => result.error === outcome.interrupted).length).toBeLessThanOrEqual(1);
  expect(ends.filter(result => 'n' in result).length).toBeGreaterThanOrEqual(ids.length - 1);
  await eventually(() => (journaled(data) === 0 ? true : undefined));
});
