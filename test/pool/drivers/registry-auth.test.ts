import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hubPath, registryAuth, registryOf } from '../../../src/pool/drivers/registry-auth.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mw-auth-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const settings = (value: unknown): void =>
  writeFileSync(join(folder, 'config.json'), typeof value === 'string' ? value : JSON.stringify(value));
const auth = (login: string): { auth: string } => ({ auth: Buffer.from(login).toString('base64') });

describe('registryOf and hubPath', () => {
  it.each([
    ['debian', 'docker.io', 'library/debian'],
    ['openwhisk/action-nodejs-v20:nightly', 'docker.io', 'openwhisk/action-nodejs-v20:nightly'],
    ['docker.io/library/debian:12', 'docker.io', 'library/debian:12'],
    ['index.docker.io/team/thing', 'docker.io', 'team/thing'],
    ['docker.io/debian', 'docker.io', 'library/debian'],
  ])('%s is of Docker Hub', (image, registry, path) => {
    expect([registryOf(image), hubPath(image)]).toEqual([registry, path]);
  });
  it.each([
    ['host:5000/thing', 'host:5000'],
    ['registry.example/team/thing:1', 'registry.example'],
    ['localhost/thing@sha256:abc', 'localhost'],
  ])('%s is not', (image, registry) => expect(registryOf(image)).toBe(registry));
});

describe('registryAuth', () => {
  it('reads what docker login wrote, for a registry and for Docker Hub', async () => {
    settings({
      auths: {
        'registry.example:5000': auth('me:pass:word'),
        'https://index.docker.io/v1/': auth('hub:secret'),
        'https://old.example/v2/': { username: 'old', password: 'style' },
        'token.example': { ...auth('x:y'), identitytoken: 'abc' },
      },
    });
    expect(await registryAuth('registry.example:5000', folder)).toEqual({
      username: 'me',
      password: 'pass:word',
      serveraddress: 'registry.example:5000',
    });
    expect(await registryAuth('docker.io', folder)).toMatchObject({ username: 'hub', password: 'secret' });
    expect(await registryAuth('old.example', folder)).toMatchObject({ username: 'old', password: 'style' });
    expect(await registryAuth('token.example', folder)).toEqual({
      identitytoken: 'abc',
      serveraddress: 'token.example',
    });
    expect(await registryAuth('other.example', folder)).toBeUndefined();
  });

  it.each(['nonsense', '[]', '{"auths":[]}', '{"auths":{"a.example":5},"credHelpers":7,"credsStore":[]}'])(
    'finds nothing in %s',
    async text => {
      settings(text);
      expect(await registryAuth('a.example', folder)).toBeUndefined();
    },
  );

  it('finds nothing where there is no file', async () => {
    expect(await registryAuth('a.example', join(folder, 'nowhere'))).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('asks the helper of the registry, then the general one', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const helper = (name: string, script: string): void => {
      writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\nread server\n${script}\n`);
      chmodSync(join(bin, `docker-credential-${name}`), 0o755);
    };
    helper('own', 'echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"own $1\\",\\"Secret\\":\\"$server\\"}"');
    helper('token', 'echo \'{"Username":"<token>","Secret":"t"}\'');
    helper('empty', 'echo "credentials not found in native keychain"; exit 1');
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH']}`);
    settings({
      credHelpers: { 'own.example': 'own', 'empty.example': 'empty', 'gone.example': 'nosuchhelper' },
      credsStore: 'token',
      auths: { 'empty.example': auth('from:file') },
    });
    expect(await registryAuth('own.example', folder)).toMatchObject({ username: 'own get', password: 'own.example' });
    expect(await registryAuth('any.example', folder)).toMatchObject({ identitytoken: 't' });
    expect(await registryAuth('empty.example', folder)).toMatchObject({ username: 'from', password: 'file' });
    expect(await registryAuth('gone.example', folder)).toBeUndefined();
  });
});
