import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** better-sqlite3's compiled part: the same file that an install would compile again, for a minute. */
const NATIVE = 'node_modules/better-sqlite3/build';
let dir: string;
let bin: string;

const npm = (...args: string[]): string =>
  execFileSync('npm', args, {
    cwd: dir,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-package-'));
  writeFileSync(join(dir, 'package.json'), '{"private":true}');
  const [{ filename }] = JSON.parse(npm('pack', root, '--json', '--ignore-scripts'));
  npm('install', filename, '--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund');
  cpSync(join(root, NATIVE), join(dir, NATIVE), { recursive: true });
  const own = JSON.parse(readFileSync(join(dir, 'node_modules/miniwhisk/package.json'), 'utf8'));
  bin = join(dir, 'node_modules/miniwhisk', own.bin.miniwhisk);
}, 180_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('the packed package starts from an empty folder and runs a function', async () => {
  await using server = await launchServer(['--driver', 'process', '--data-dir', join(dir, 'data')], { bin, cwd: dir });
  const rest = restClient(server.url, server.auth);
  await rest.action('hello', 'const main = ({ name }) => ({ hello: name })');
  const reply = await rest.post('_/actions/hello?blocking=true&result=true', { name: 'you' });
  expect(reply.json).toEqual({ hello: 'you' });
});

it('the packed package can be imported', async () => {
  const script = join(dir, 'embed.mjs');
  writeFileSync(
    script,
    `import { startServer } from 'miniwhisk';
     const server = await startServer({ port: 0, memory: true, driver: 'process', logLevel: 'silent' });
     const reply = await fetch(server.url + '/ping');
     console.log(await reply.text());
     await server[Symbol.asyncDispose]();`,
  );
  const { code, stdout, stderr } = await launch([], { bin: script, cwd: dir }).exit;
  expect([code, stdout, stderr]).toEqual([0, 'pong\n', '']);
});
