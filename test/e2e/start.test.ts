import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { launch, launchServer } from '../support/launch.js';
import { eventually, restClient } from '../support/rest.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-start-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

describe('a start that cannot be', () => {
  const cases: [string, string[], RegExp][] = [
    ['an unknown flag', ['--nope'], /nope/],
    ['a port out of range', ['--port', '70000'], /--port.*65535.*70000/],
    ['a port that is a word', ['--port', 'x'], /--port.*whole number.*"x"/],
    ['an unknown driver', ['--driver', 'vm'], /--driver.*auto, docker, process.*"vm"/],
    [
      'a missing manifest',
      ['--manifest', '/does/not/exist.json'],
      /Runtimes manifest '\/does\/not\/exist.json' cannot be read/,
    ],
    [
      'a missing config file',
      ['--config', '/does/not/exist.json'],
      /Config file '\/does\/not\/exist.json' cannot be read/,
    ],
    [
      'an address of another machine',
      ['--port', '0', '--memory', '--driver', 'process', '--host', '192.0.2.1'],
      /no address 192\.0\.2\.1/,
    ],
    [
      'no engine',
      ['--port', '0', '--memory', '--driver', 'docker', '--docker-host', 'unix:///does/not/exist.sock'],
      /--driver docker cannot be used.*does\/not\/exist/,
    ],
  ];

  it.each(cases)('%s: one line, exit code 1', async (_name, args, text) => {
    const { code, stdout, stderr } = await launch(args).exit;
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(text);
    expect([code, stdout]).toEqual([1, '']);
  });

  it('a bad manifest names the place', async () => {
    const manifest = file('manifest.json', '{"runtimes":{"nodejs":[{"kind":5}]}}');
    const { code, stderr } = await launch(['--memory', '--manifest', manifest]).exit;
    expect(stderr).toMatch(/runtimes\.nodejs\[0\]/);
    expect(code).toBe(1);
  });

  it('a bad config file names the option', async () => {
    const config = file('config.json', '{"port":"x"}');
    const { code, stderr } = await launch(['--config', config]).exit;
    expect(stderr).toMatch(/'port' in config file .*whole number/);
    expect(code).toBe(1);
  });

  it('a bad environment names the variable', async () => {
    const { code, stderr } = await launch([], { env: { MINIWHISK_PORT: 'x' } }).exit;
    expect(stderr).toMatch(/MINIWHISK_PORT.*whole number/);
    expect(code).toBe(1);
  });

  it('a busy port', async () => {
    const busy = createServer();
    await new Promise<void>(resolve => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    const { code, stderr } = await launch(['--port', String(port), '--memory', '--driver', 'process']).exit;
    busy.close();
    expect(stderr).toMatch(new RegExp(`Port ${port} .* in use`));
    expect(code).toBe(1);
  });

  it('a data dir that cannot be made', async () => {
    const blocked = file('plain-file', '');
    const { code, stderr } = await launch(['--port', '0', '--driver', 'process', '--data-dir', join(blocked, 'x')])
      .exit;
    expect(stderr).toMatch(/data directory .* cannot be made/);
    expect(code).toBe(1);
  });

  it('a data dir in use', async () => {
    const data = join(dir, 'in-use');
    await using _first = await launchServer(['--driver', 'process', '--data-dir', data]);
    const { code, stderr } = await launch(['--port', '0', '--driver', 'process', '--data-dir', data]).exit;
    expect(stderr).toMatch(/in use by another miniwhisk server/);
    expect(code).toBe(1);
  });
});

describe('a server in a process of its own', () => {
  it('prints what to copy, stops in order on SIGTERM and SIGINT, exits 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using server = await launchServer(['--memory', '--driver', 'process']);
      expect((await restClient(server.url, server.auth).get('/ping')).text).toBe('pong');
      const { code, stdout } = await server.kill(signal);
      expect(code).toBe(0);
      expect(stdout).toContain(`wsk property set --apihost ${server.url} --auth ${server.auth}`);
      expect(stdout).toMatch(/driver +process, as asked/);
    }
  });

  it('lets a running activation finish', async () => {
    const data = join(dir, 'finish');
    await using server = await launchServer(['--driver', 'process', '--data-dir', data]);
    const rest = restClient(server.url, server.auth);
    await rest.action('slow', 'const main = () => new Promise(r => setTimeout(r, 600, { done: true }))');
    await rest.post('_/actions/slow?blocking=true', {});
    const blocking = rest.post('_/actions/slow?blocking=true&result=true', {});
    await eventually(async () => ((await rest.get('/activation/count')).json > 0 ? true : undefined));
    const stopped = server.kill('SIGTERM');
    expect((await blocking).json).toEqual({ done: true });
    expect((await stopped).code).toBe(0);
  });

  it('keeps what was there through kill -9, and leaves no process', async () => {
    const data = join(dir, 'killed');
    const first = await launchServer(['--driver', 'process', '--data-dir', data]);
    const rest = restClient(first.url, first.auth);
    await rest.action('pid', 'const main = () => ({ pid: process.pid })');
    const { json } = await rest.post('_/actions/pid?blocking=true', {});
    await rest.get(`_/activations/${json.activationId}`);
    await eventually(async () => ((await rest.get('_/activations')).json.length === 1 ? true : undefined));
    // Records wait some ms for company before they are in the file.
    await eventually(async () => ((await rest.get('/miniwhisk/v1/ready')).json.store.waiting === 0 ? true : undefined));
    await first.kill('SIGKILL');
    await using second = await launchServer(['--driver', 'process', '--data-dir', data]);
    const again = restClient(second.url, second.auth);
    expect((await again.get(`_/activations/${json.activationId}`)).json.response.result).toEqual(json.response.result);
    await eventually(() => {
      try {
        process.kill(json.response.result.pid, 0);
        return undefined;
      } catch {
        return true;
      }
    });
  });

  it('answers --help, --version and completion', async () => {
    const help = await launch(['--help']).exit;
    expect(help.stdout).toMatch(/--ready-file/);
    expect(help.stdout).toMatch(/Examples:/);
    expect((await launch(['--version']).exit).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await launch(['completion']).exit).stdout).toContain('complete');
  });

  it('takes options from environment and file, flags first', async () => {
    const config = file('ok.json', JSON.stringify({ limits: 'openwhisk', memory: true, driver: 'docker' }));
    await using server = await launchServer(['--config', config], { env: { MINIWHISK_DRIVER: 'process' } });
    const { json } = await restClient(server.url, server.auth).get('/');
    expect(json.limits.actions_per_minute).toBe(60);
  });
});

describe('a misspelt variable', () => {
  const args = ['--memory', '--driver', 'process', '--no-prewarm'];

  it('is warned of once, in the form of the log, and the server starts', async () => {
    const env = { MINIWHISK_PROT: '1', MINIWHISK_PORT: '0' };
    await using server = await launchServer([...args, '--log-format', 'json'], { env });
    const { code, stderr } = await server.kill('SIGTERM');
    expect(code).toBe(0);
    const lines = stderr.split('\n').filter(line => line.startsWith('{'));
    expect(lines.map(line => JSON.parse(line).msg)).toEqual([
      'There is no option MINIWHISK_PROT: it is ignored. Did you mean MINIWHISK_PORT?',
    ]);
  });

  it('is not what others have set for themselves', async () => {
    await using server = await launchServer(args, {
      env: { MINIWHISK_TEST_SECRET: 'x', MINIWHISK_SERVICE_PORT: '3233' },
    });
    expect((await server.kill('SIGTERM')).stderr).not.toMatch(/option/);
  });
});

describeDocker('a killed server with Docker', () => {
  it('leaves no container once it is started again', async () => {
    await requireImage('nodejs:20');
    const data = join(dir, 'docker-killed');
    const first = await launchServer(['--driver', 'docker', '--data-dir', data, '--no-prewarm']);
    const rest = restClient(first.url, first.auth);
    await rest.action('left-behind', 'const main = () => ({})');
    expect((await rest.post('_/actions/left-behind?blocking=true', {})).status).toBe(200);
    const filter = ['ps', '-aq', '--filter', 'label=miniwhisk.action=guest/left-behind'];
    expect(await docker(...filter)).not.toBe('');
    await first.kill('SIGKILL');
    await using _second = await launchServer(['--driver', 'docker', '--data-dir', data, '--no-prewarm']);
    expect(await docker(...filter)).toBe('');
  });
});
