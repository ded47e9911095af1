import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDocker } from '../support/docker.js';
import { type Exit, launch, launchServer } from '../support/launch.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-doctor-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NO_ENGINE = ['--docker-host', 'unix:///does/not/exist.sock'];
const doctor = (...args: string[]): Promise<Exit> => launch(['doctor', ...args]).exit;

interface Report {
  readonly healthy: boolean;
  readonly checks: { readonly name: string; readonly state: string; readonly text: string }[];
  readonly kinds: { readonly kind: string; readonly docker: object; readonly process: object }[];
}

const report = async (...args: string[]): Promise<{ code: number | null; found: Report }> => {
  const { code, stdout } = await doctor('--json', ...args);
  return { code, found: JSON.parse(stdout) };
};
const check = (found: Report, name: string) => found.checks.find(one => one.name === name);

describe('miniwhisk doctor', () => {
  it('tells of toolchains with their versions, and of those that are missing', async () => {
    const { code, found } = await report(
      '--port',
      '0',
      '--data-dir',
      join(dir, 'new'),
      '--kind',
      'mine=x/y',
      ...NO_ENGINE,
    );
    expect([code, found.healthy]).toEqual([0, true]);
    const kind = (name: string) => found.kinds.find(one => one.kind === name);
    const [major] = process.versions.node.split('.');
    expect(kind('nodejs:20')).toMatchObject({
      docker: { here: false },
      process: { usable: true, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
    // One version of Node.js at most is what a kind names; the others say that they run on another.
    for (const version of ['18', '20', '22', '24'].filter(v => v !== major)) {
      const { process: local } = kind(`nodejs:${version}`) as { process: { version: string; note?: string } };
      if (!local.version.startsWith(`${version}.`)) expect(local.note).toMatch(/runs on version/);
    }
    expect(kind('mine')?.process).toEqual({
      usable: false,
      reason: "Kind 'mine' runs only in Docker. Start a Docker engine.",
    });
    expect(check(found, 'data dir')).toEqual({
      name: 'data dir',
      state: 'ok',
      text: `${join(dir, 'new')}, made at the first start`,
    });
    expect(check(found, 'docker')).toMatchObject({ state: 'note', text: expect.stringMatching(/No Docker engine/) });
  });

  it('ends with 1 when a server could not start, or run nothing', async () => {
    const blocked = join(dir, 'plain-file');
    writeFileSync(blocked, '');
    const busy = createServer(socket => socket.resume());
    await new Promise<void>(resolve => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    try {
      const { code, found } = await report('--port', String(port), '--memory', '--driver', 'docker', ...NO_ENGINE);
      expect([code, found.healthy]).toEqual([1, false]);
      expect(check(found, 'port')).toMatchObject({ state: 'trouble', text: expect.stringMatching(/is in use/) });
      expect(check(found, 'docker')).toMatchObject({ state: 'trouble' });
      expect(check(found, 'functions')).toMatchObject({ state: 'trouble', text: /no kind can run/ });
    } finally {
      await new Promise(resolve => busy.close(resolve));
    }
    const inFile = await report('--port', '0', '--data-dir', join(blocked, 'x'), '--driver', 'process');
    expect(check(inFile.found, 'data dir')).toMatchObject({ state: 'trouble' });
  });

  it('knows a server that runs already, and prints a line for each thing', async () => {
    await using server = await launchServer(['--memory', '--driver', 'process']);
    const { code, stdout } = await doctor(
      '--port',
      String(server.port),
      '--memory',
      '--driver',
      'process',
      ...NO_ENGINE,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {6}node/);
    expect(stdout).toMatch(new RegExp(`note +port +${server.port} on 127\\.0\\.0\\.1: a server of OpenWhisk's API`));
    expect(stdout).toMatch(/nodejs:20 +image not here +process \d/);
  });

  it('has help, and one line for a bad option', async () => {
    expect((await doctor('--help')).stdout).toMatch(/exit code 1 when a server could not start/);
    const { code, stderr } = await doctor('--driver', 'vm');
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
  });
});

describeDocker('miniwhisk doctor, with an engine', () => {
  it('tells of the engine and the images that are here', async () => {
    const kind = ['--kind', 'mine=miniwhisk/action-nodejs-v20:local'];
    const { code, found } = await report('--port', '0', '--memory', '--driver', 'docker', '--pull', 'never', ...kind);
    expect(check(found, 'docker')).toMatchObject({
      state: 'ok',
      text: expect.stringMatching(/^engine \d+\..*linux\//),
    });
    expect(found.kinds.at(-1)).toMatchObject({ kind: 'mine', docker: { here: true, size: expect.any(Number) } });
    expect(code).toBe(0);
  });

  it('does not ask for an engine of those kinds that have no toolchain', async () => {
    const reasonOf = async (driver: string): Promise<unknown> => {
      const { found } = await report('--port', '0', '--memory', '--kind', 'mine=x/y', '--driver', driver);
      return found.kinds.at(-1)?.process;
    };
    const missing = "Kind 'mine' runs only in Docker.";
    expect(await reasonOf('auto')).toEqual({ usable: false, reason: missing });
    const unused = `${missing} A Docker engine runs here: --driver auto uses it.`;
    expect(await reasonOf('process')).toEqual({ usable: false, reason: unused });
  });
});
