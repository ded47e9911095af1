import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { launch } from '../support/launch.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { startTestServer } from '../support/server.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-sdk-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The logs of an activation come a moment after its result. */
const logsOf = (rest: Rest, id: string): Promise<string> =>
  eventually(async () => {
    const { json } = await rest.get(`_/activations/${id}`);
    return json.logs?.length > 0 ? json.logs.join('\n') : undefined;
  });

const write = (kit: string, name: string) => launch(['sdk', kit, join(dir, name)]).exit;

describe('miniwhisk sdk', () => {
  it('writes out the kit for Docker actions, with a README and a Makefile', async () => {
    const { code, stdout } = await write('docker', 'hello');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Wrote 7 files to .*hello\. Begin with .*README\.md; then: make image\n$/),
    ]);
    expect(readdirSync(join(dir, 'hello')).sort()).toEqual([
      'Dockerfile',
      'Makefile',
      'README.md',
      'buildAndPush.sh',
      'examples',
    ]);
    expect(readdirSync(join(dir, 'hello', 'examples')).sort()).toEqual(['example.bash', 'example.c', 'example.go']);
  });

  it('writes out the kit for a language, with the proxy it needs', async () => {
    expect((await write('actionloop', 'perl')).code).toBe(0);
    for (const file of ['README.md', 'Makefile', 'Dockerfile', 'build.js', 'proxy/actionloop/proxy.js']) {
      expect(existsSync(join(dir, 'perl', file)), file).toBe(true);
    }
  });

  it('writes into no folder that has something in it, and knows its kits', async () => {
    const full = join(dir, 'full');
    expect((await write('docker', 'full')).code).toBe(0);
    writeFileSync(join(full, 'Makefile'), 'mine');
    const again = await write('docker', 'full');
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/^miniwhisk: The folder '.*full' is not empty/),
    ]);
    expect(readFileSync(join(full, 'Makefile'), 'utf8')).toBe('mine');
    const unknown = await write('ios', 'x');
    expect([unknown.code, unknown.stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringMatching(/expected one of docker, actionloop, got "ios"/)],
    ]);
  });
});

describe('/blackbox.tar.gz', () => {
  it('is the kit for Docker actions in a folder dockerSkeleton, for anybody', async () => {
    await using server = await startTestServer();
    const reply = await fetch(`${server.url}/blackbox.tar.gz`);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/gzip']);
    const archive = join(dir, 'blackbox.tar.gz');
    writeFileSync(archive, Buffer.from(await reply.arrayBuffer()));
    execFileSync('tar', ['-xzf', archive, '-C', dir]);
    const { stdout } = await write('docker', 'compare');
    expect(stdout).toContain('Wrote 7 files');
    for (const file of ['README.md', 'Makefile', 'Dockerfile', 'examples/example.c']) {
      expect(readFileSync(join(dir, 'dockerSkeleton', file))).toEqual(readFileSync(join(dir, 'compare', file)));
    }
    // What OpenWhisk's own test of `wsk sdk install docker` looks for.
    const [, from] = readFileSync(join(dir, 'dockerSkeleton', 'Dockerfile'), 'utf8').split('\n');
    expect(from).toBe('FROM openwhisk/dockerskeleton');
    accessSync(join(dir, 'dockerSkeleton', 'buildAndPush.sh'), constants.X_OK);
  });
});

describeDocker('an image made from a kit', () => {
  const environment = { ...process.env, DOCKER_BUILDKIT: '0' };
  const make = (folder: string, ...args: string[]): string =>
    execFileSync('make', ['-C', join(dir, folder), ...args], { env: environment, encoding: 'utf8' });

  it('is a kind of its own', async () => {
    await requireImage('skeleton');
    const image = `miniwhisk-test/perl-${process.pid}:1`;
    await write('actionloop', 'kind');
    try {
      expect(make('kind', 'image', 'test', `IMAGE=${image}`)).toContain('/run 200 {"greeting":"Hello, world!"}');
      await using server = await startTestServer({ driver: 'docker', kind: [`perl=${image}`] });
      const rest = restClient(server.url, server.auth);
      const code = readFileSync(join(dir, 'kind', 'examples', 'hello.pl'), 'utf8');
      await rest.put('_/actions/hello', { exec: { kind: 'perl:default', code } });
      const { json } = await rest.post('_/actions/hello?blocking=true', { name: '☃' });
      expect(json.response.result).toEqual({ greeting: 'Hello, ☃!' });
      expect(await logsOf(rest, json.activationId)).toMatch(/stdout: called as \/guest\/hello$/);
      await rest.put('_/actions/broken', { exec: { kind: 'perl', code: 'sub main {' } });
      const broken = await rest.post('_/actions/broken?blocking=true');
      expect([broken.status, broken.json.response.status]).toEqual([502, 'action developer error']);
      expect(await logsOf(rest, broken.json.activationId)).toMatch(/Missing right curly/);
    } finally {
      await docker('image', 'rm', '--force', image);
    }
  }, 120_000);

  it('is a Docker action', async () => {
    await requireImage('skeleton');
    const image = `miniwhisk-test/bash-${process.pid}:1`;
    await write('docker', 'action');
    try {
      expect(make('action', 'image', 'run', 'EXAMPLE=bash', `IMAGE=${image}`)).toContain('Hello from a Bash script!');
      await using server = await startTestServer({ driver: 'docker' });
      const rest = restClient(server.url, server.auth);
      await rest.put('_/actions/hello', { exec: { kind: 'blackbox', image } });
      const { json } = await rest.post('_/actions/hello?blocking=true', { name: 'you' });
      expect(json.response.result).toEqual({ msg: 'Hello from a Bash script!', args: { name: 'you' } });
      expect(await logsOf(rest, json.activationId)).toMatch(/This is a log line of a Bash script\.$/);
    } finally {
      await docker('image', 'rm', '--force', image);
    }
  }, 120_000);
});
