import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exit, type Launched, launch, launchServer } from '../support/launch.js';
import { eventually, restClient } from '../support/rest.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-closed-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As `| head` does it, before the first line already. */
const unread = ({ child, exit }: Launched, ...streams: ('stdout' | 'stderr')[]): Promise<Exit> => {
  for (const stream of streams) child[stream]?.destroy();
  return exit;
};

describe('output that nobody reads any more', () => {
  it.each([
    ['doctor', ['--port', '0', '--memory', '--driver', 'process']],
    ['doctor', ['--port', '0', '--memory', '--driver', 'process', '--json']],
    ['kubernetes', ['manifest']],
    ['--help', []],
    ['completion', []],
  ])('ends %s %j quietly', async (command, args) => {
    const { code, signal, stderr } = await unread(launch([command, ...args]), 'stdout');
    expect([code, signal, stderr]).toEqual([0, null, '']);
  });

  it("leaves a fault's exit code", async () => {
    const { code, stderr } = await unread(launch(['doctor', '--port', '0', '--data-dir', '/dev/null/x']), 'stdout');
    expect([code, stderr]).toEqual([1, '']);
    expect((await unread(launch(['--nope']), 'stderr')).code).toBe(1);
  });

  it.each([
    ['pretty', ['stdout']],
    ['pretty', ['stdout', 'stderr']],
    ['json', ['stdout', 'stderr']],
  ] as const)('does not end a server with a log in %s: %j', async (format, streams) => {
    const log = ['--log-level', 'trace', '--log-format', format];
    const args = ['--memory', '--driver', 'process', '--no-prewarm', ...log];
    await using server = await launchServer(args);
    const rest = restClient(server.url, server.auth);
    for (const stream of streams) server.child[stream]?.destroy();
    await rest.action('printing', 'const main = () => { console.log("line"); return { done: true } }');
    for (let i = 0; i < 5; i++) {
      expect((await rest.post('_/actions/printing?blocking=true&result=true', {})).json).toEqual({ done: true });
    }
    expect((await server.kill('SIGTERM')).code).toBe(0);
  });

  it('does not keep a server from its start', async () => {
    const file = join(dir, 'ready.json');
    const args = ['--port', '0', '--memory', '--driver', 'process', '--no-prewarm', '--ready-file', file];
    await using server = launch(args);
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    const { url } = await eventually(
      () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined),
      20_000,
    );
    expect(await (await fetch(`${url}/ping`)).text()).toBe('pong');
    expect((await server.kill('SIGTERM')).code).toBe(0);
  });
});
