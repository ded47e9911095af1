import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressFile } from '../../src/store/address.js';
import { type Exit, launch, launchServer } from '../support/launch.js';
import { type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Two servers with the same well-known key, as they are by default: only the data dir tells which one is meant. */
let mine: TestServer;
let other: TestServer;
let folder: string;
const rest = ({ url, auth }: TestServer): Rest => restClient(url, auth);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mw-access-'));
  [mine, other] = await Promise.all([startTestServer(), startTestServer()]);
  expect(mine.auth).toBe(other.auth);
  await rest(mine).action('of-mine', 'const main = () => ({})');
  await rest(other).action('of-other', 'const main = () => ({})');
});
afterAll(async () => {
  await Promise.all([mine[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  rmSync(folder, { recursive: true, force: true });
});

const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Exit> =>
  launch(args, { cwd: folder, env }).exit;
const refused = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
  const { code, stdout, stderr } = await run(args, env);
  expect([code, stdout, stderr.trim().split('\n').length]).toEqual([1, '', 1]);
  return stderr.trim();
};
const exported = (): string => readFileSync(join(folder, 'shop', 'manifest.yaml'), 'utf8');

describe('commands that work by the API', () => {
  it('talk to the server that holds the data dir, wherever it listens', async () => {
    const { port } = new URL(other.url);
    // The port that a server would take is not where to look for one.
    const { code, stderr } = await run(['export', 'shop', '--data-dir', mine.dataDir], { MINIWHISK_PORT: port });
    expect([code, stderr]).toEqual([0, '']);
    expect(exported()).toContain('of-mine');
    expect(exported()).not.toContain('of-other');
    const imported = await run(['import', 'shop', '--data-dir', mine.dataDir, '--dry-run']);
    expect(imported.stdout).toContain(`${mine.url}, namespace guest: 0 to change, 1 equal`);
  });

  it('promote from it', async () => {
    const to = ['--to', other.url, '--auth', other.auth];
    const { stdout, stderr } = await run(['promote', ...to, '--data-dir', mine.dataDir, '--dry-run']);
    expect([stdout, stderr]).toEqual([expect.stringContaining('+ action of-mine'), '']);
  });

  it.each(['flag', 'variable'])('go where the %s names another, with its key', async how => {
    const [flags, env] = how === 'flag' ? [['--apihost', other.url], {}] : [[], { MINIWHISK_APIHOST: other.url }];
    const args = ['export', 'shop', '--data-dir', mine.dataDir, ...flags];
    expect((await run([...args, '--auth', other.auth], env)).code).toBe(0);
    expect(exported()).toContain('of-other');
    // The key of the data dir would do there, too: it is never tried.
    expect(await refused(args, env)).toBe(
      `miniwhisk: ${other.url} is not the server that holds the data dir ${mine.dataDir}. Name that one with --apihost, or name an OpenWhisk and its key with --apihost and --auth.`,
    );
  });

  it('take another name of the same server, and the key of its data dir', async () => {
    const name = mine.url.replace('127.0.0.1', 'localhost');
    expect((await run(['export', 'shop', '--data-dir', mine.dataDir, '--apihost', name])).code).toBe(0);
    expect(exported()).toContain('of-mine');
  });

  it('say that no server holds the data dir, and how to start one', async () => {
    const dir = join(folder, 'nobody');
    const text = `miniwhisk: No server holds the data dir ${dir}. Start it with 'miniwhisk start --data-dir ${dir}', or name an OpenWhisk and its key with --apihost and --auth.`;
    expect(await refused(['export', 'shop', '--data-dir', dir])).toBe(text);
    expect(await refused(['import', 'shop', '--data-dir', dir])).toBe(text);
    expect(await refused(['promote', '--to', other.url, '--auth', other.auth, '--data-dir', dir])).toBe(
      text.replace('and --auth', 'and --from-auth'),
    );
  });

  it('have help that says so', async () => {
    const { stdout } = await run(['export', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Data dir of a running server, which is talked to .*\[MINIWHISK_APIHOST, else the server that holds the data dir\]/,
    );
  });
});

describe('the address in the data dir', () => {
  it('is for its owner alone, and gone after a clean stop', async () => {
    const server = await startTestServer({ dataDir: join(folder, 'stopped') });
    const file = addressFile(server.dataDir);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      url: server.url,
      pid: process.pid,
      id: expect.any(String),
    });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o077).toBe(0);
    await server.stop();
    expect(existsSync(file)).toBe(false);
  });

  it('does not mislead after kill -9, nor while the next server has not told its own', async () => {
    const dir = join(folder, 'killed');
    const flags = ['--data-dir', dir, '--driver', 'process', '--no-prewarm'];
    await using killed = await launchServer(flags);
    await killed.kill();
    const left = { ...JSON.parse(readFileSync(addressFile(dir), 'utf8')), url: other.url };
    writeFileSync(addressFile(dir), JSON.stringify(left));
    expect(await refused(['export', 'shop', '--data-dir', dir])).toMatch(/No server holds the data dir/);
    await using next = await launchServer(flags);
    expect((await run(['import', 'shop', '--data-dir', dir, '--dry-run'])).stdout).toContain(next.url);
    // Another server where this one is said to be, as on the other side of a container's published port.
    writeFileSync(addressFile(dir), JSON.stringify(left));
    expect(await refused(['export', 'shop', '--data-dir', dir])).toMatch(/is not the server that holds the data dir/);
    rmSync(addressFile(dir));
    expect(await refused(['export', 'shop', '--data-dir', dir])).toMatch(/does not tell where it answers/);
  });
});
