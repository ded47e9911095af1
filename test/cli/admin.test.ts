import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http } from '../../src/messages.js';
import { type Exit, launch } from '../support/launch.js';
import { eventually, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** `miniwhisk user` and `miniwhisk limits`, as wskadmin has them, beside a running server and without one. */
let dir: string;
let server: TestServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mw-admin-'));
  server = await startTestServer({ dataDir: dir });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const admin = (...args: string[]): Promise<Exit> => launch([...args, '--data-dir', dir]).exit;
const says = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await admin(...args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout.trimEnd();
};
const refuses = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await admin(...args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  return stderr.trim().replace('miniwhisk: ', '');
};
const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[A-Za-z0-9]{64}$/;
const given = `aaaaaaaa-71f6-4ed5-8c54-816aa4f8c502:${'k'.repeat(64)}`;
const whoami = (auth: string) => restClient(server.url, auth).get('/api/v1/namespaces');
/** The status a key has once the server noticed. */
const becomes = (auth: string, status: number) =>
  eventually(async () => ((await whoami(auth)).status === status ? true : undefined));

describe('user', () => {
  it('creates keys that work at once, several for a subject', async () => {
    const alice = await says('user', 'create', 'alice');
    expect(alice).toMatch(KEY);
    await becomes(alice, 200);
    expect((await whoami(alice)).json).toEqual(['alice']);
    expect(await says('user', 'create', 'alice', '--namespace', 'second', '-u', given)).toBe(given);
    await becomes(given, 200);
    expect((await whoami(given)).json).toEqual(['second']);
    expect(await says('user', 'get', 'alice')).toBe(alice);
    expect(await says('user', 'get', 'alice', '--ns', 'second')).toBe(given);
    expect(await says('user', 'get', 'alice', '-ns', 'second')).toBe(given);
    expect(await says('user', 'get', 'alice', '-a')).toBe(`alice\t${alice}\nsecond\t${given}`);
    expect(await says('user', 'whois', given)).toBe('subject: alice\nnamespace: second');
    expect(await says('user', 'whois', `${given.slice(0, -1)}x`)).toBe('Subject id is not recognized');
  });

  it('renews a key, or only makes one', async () => {
    const before = await says('user', 'get', 'alice');
    expect(await refuses('user', 'create', 'alice')).toBe('Namespace already exists');
    const renewed = await says('user', 'create', 'alice', '-r');
    await becomes(before, 401);
    await becomes(renewed, 200);
    expect(await says('user', 'create', 'nobody', '-g')).toMatch(KEY);
    expect(await says('user', 'create', 'quiet', '-s')).toBe('');
    expect(await says('user', 'get', 'quiet')).toMatch(KEY);
  });

  it('lists who shares a namespace', async () => {
    const bob = await says('user', 'create', 'bobby', '--namespace', 'second');
    expect((await says('user', 'list', 'second')).split('\n')).toHaveLength(1);
    const all = await says('user', 'list', 'second', '-a');
    expect(new Set(all.split('\n'))).toEqual(new Set([`${given}\talice`, `${bob}\tbobby`]));
    expect((await says('user', 'list', 'second', '-p', '2', '-k')).split('\n').sort()).toEqual([bob, given].sort());
  });

  it('blocks and unblocks', async () => {
    expect(await says('user', 'block', 'bobby', 'alice')).toBe(
      '"bobby" blocked successfully\n"alice" blocked successfully',
    );
    await becomes(given, 401);
    expect((await whoami(given)).json.error).toBe(http.authInvalid);
    const { code, stdout, stderr } = await admin('user', 'unblock', 'nobody', 'alice');
    expect([code, stdout.trim(), stderr.trim()]).toEqual([
      1,
      '"alice" unblocked successfully',
      'miniwhisk: There is no subject "nobody"',
    ]);
    await becomes(given, 200);
  });

  it('deletes a namespace, or the whole subject', async () => {
    expect(await says('user', 'delete', 'alice', '--namespace', 'second')).toBe('Namespace deleted');
    await becomes(given, 401);
    expect(await refuses('user', 'delete', 'alice', '-ns', 'none')).toBe('Namespace "none" does not exist for "alice"');
    expect(await says('user', 'delete', 'alice')).toBe('Subject deleted');
    expect(await refuses('user', 'get', 'alice')).toContain('does not exist: "alice"');
  });
});

describe('limits', () => {
  const inForce = async () => (await restClient(server.url, server.auth).get('_/limits')).json;

  it('sets, shows and deletes limits that count at once', async () => {
    const before = await inForce();
    expect(await says('limits', 'get', 'guest')).toBe('No limits found, default system limits apply');
    const set = [
      '--invocationsPerMinute',
      '5',
      '--allowedKinds',
      'nodejs:20',
      'python:3.11',
      '--storeActivations',
      'false',
    ];
    expect(await says('limits', 'set', 'guest', ...set)).toBe('Limits successfully set for "guest"');
    await eventually(async () => ((await inForce()).invocationsPerMinute === 5 ? true : undefined));
    await says('limits', 'set', 'guest', '--maxPayloadSize', '10 KB');
    expect(await says('limits', 'get', 'guest')).toBe(
      'invocationsPerMinute = 5\nallowedKinds = nodejs:20, python:3.11\nstoreActivations = false\nmaxPayloadSize = 10 KB',
    );
    expect(await says('limits', 'delete', 'guest')).toBe('Limits deleted');
    await eventually(async () =>
      (await inForce()).invocationsPerMinute === before.invocationsPerMinute ? true : undefined,
    );
    expect(await inForce()).toEqual(before);
    expect(await refuses('limits', 'delete', 'guest')).toBe('Limits not found for "guest"');
  });
});

describe('without a running server', () => {
  it("works on the data dir, whose files are the owner's alone, and what it did is there at the next start", async () => {
    await server.stop();
    const carol = await says('user', 'create', 'carol');
    await says('limits', 'set', 'carol', '--firesPerMinute', '3');
    if (process.platform !== 'win32') expect(statSync(join(dir, 'miniwhisk.db')).mode & 0o077).toBe(0);
    server = await startTestServer({ dataDir: dir });
    expect((await restClient(server.url, carol).get('_/limits')).json.firesPerMinute).toBe(3);
  });

  it('says when there is no data dir', async () => {
    const { code, stderr } = await launch(['user', 'list', 'x', '--data-dir', join(dir, 'none')]).exit;
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no data dir')]);
  });
});

describe('--users', () => {
  const usersFile = (value: unknown): string => {
    const file = join(dir, 'users.json');
    writeFileSync(file, JSON.stringify(value));
    return file;
  };
  const [uuid, key] = given.split(':') as [string, string];

  it('creates the subjects of a file at start', async () => {
    const blocked = {
      subject: 'blocked-one',
      blocked: true,
      namespaces: [{ name: 'b', uuid: uuid.replace('a', 'b'), key }],
    };
    const users = usersFile([{ subject: 'ci-user', namespaces: [{ name: 'ci', uuid, key }] }, blocked]);
    await using own = await startTestServer({ memory: true, users });
    expect((await restClient(own.url, given).get('/api/v1/namespaces')).json).toEqual(['ci']);
    expect((await restClient(own.url, given.replace('a', 'b')).get('/api/v1/namespaces')).status).toBe(401);
    expect((await restClient(own.url, own.auth).get('/api/v1/namespaces')).json).toEqual(['guest']);
  });

  it.each([
    [{}, 'no array'],
    [[{ subject: 'abc', namespaces: [] }], 'entry 0 is no subject'],
    [[{ subject: 'abcde', namespaces: [{ name: 'a', uuid, key: 'short' }] }], 'entry 0 is no subject'],
  ])('refuses %j', async (value, text) => {
    await expect(startTestServer({ memory: true, users: usersFile(value) })).rejects.toThrow(text);
  });
});
