import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-backup-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const serve = (data: string) => launchServer(['--driver', 'process', '--data-dir', data, '--no-prewarm']);

it('backs up beside a running server; restore brings it back and keeps what was there', {
  timeout: 60_000,
}, async () => {
  const data = join(dir, 'data');
  const file = join(dir, 'copy.db');
  {
    await using server = await serve(data);
    const rest = restClient(server.url, server.auth);
    await rest.action('kept', 'const main = () => ({ kept: true })');
    const backup = await launch(['backup', file, '--data-dir', data]).exit;
    expect([backup.code, backup.stderr]).toEqual([0, '']);
    expect(backup.stdout).toContain(file);
    await rest.action('later', 'const main = () => ({})');
    const busy = await launch(['restore', file, '--data-dir', data]).exit;
    expect(busy.code).toBe(1);
    expect(busy.stderr).toMatch(/in use by another miniwhisk server/);
    const again = await launch(['backup', file, '--data-dir', data]).exit;
    expect(again.stderr).toMatch(/exists already/);
    await server.kill('SIGTERM');
  }
  const restored = await launch(['restore', file, '--data-dir', data]).exit;
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  const previous = /kept as (.+)/.exec(restored.stdout)?.[1] ?? '';
  expect(existsSync(previous)).toBe(true);
  await using server = await serve(data);
  const rest = restClient(server.url, server.auth);
  expect((await rest.get('_/actions')).json.map((a: { name: string }) => a.name)).toEqual(['kept']);
  expect((await rest.post('_/actions/kept?blocking=true&result=true', {})).json).toEqual({ kept: true });
});

it.each([
  ['nonsense.db', 'nonsense'.repeat(1000), /nonsense\.db is no usable backup: /],
  ['empty.db', '', /empty\.db is empty\./],
])('refuses what is no backup, by its name: %s', async (name, content, text) => {
  const file = join(dir, name);
  writeFileSync(file, content);
  const { code, stderr } = await launch(['restore', file, '--data-dir', join(dir, 'other')]).exit;
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(text);
  expect(stderr).not.toContain('restoring');
});
