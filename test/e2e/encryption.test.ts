import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { outcome } from '../../src/messages.js';
import { openStore } from '../../src/store/sqlite.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Parameters encrypted at rest (OPENWHISK.md 2.2), over restarts with other schemes. */
const keys = { aes128Key: Buffer.alloc(16, 1).toString('base64'), aes256Key: Buffer.alloc(32, 2).toString('base64') };
const ECHO = 'function main(args) { return { ...args, env: process.env.E } }';
const parameters = [
  { key: 'secret', value: { deep: ['s3cret'] } },
  { key: 'E', value: 'env s3cret', init: true },
];

let dir: string;
let server: TestServer;
let rest: Rest;
const start = async (options: object): Promise<void> => {
  await server?.stop();
  server = await startTestServer({ dataDir: dir, ...options });
  rest = restClient(server.url, server.auth);
};
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mw-encryption-'));
  await start({ parameterStorage: 'aes-128', ...keys });
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true });
});

const run = async (name: string, body: object = {}): Promise<unknown> =>
  (await rest.post(`_/actions/${name}?blocking=true&result=true`, body)).json;
// biome-ignore lint/suspicious/noExplicitAny: parameters of any shape
const given = async (path: string): Promise<any[]> => (await rest.get(`_/${path}`)).json.parameters;
const clear = { secret: { deep: ['s3cret'] }, env: 'env s3cret' };

describe('parameters', () => {
  it('are stored and shown encrypted, and run in clear', async () => {
    const put = await rest.put('_/actions/a', { exec: { kind: 'nodejs:20', code: ECHO }, parameters });
    for (const shown of [put.json.parameters, await given('actions/a')]) {
      expect(JSON.stringify(shown)).not.toContain('s3cret');
      expect(shown).toMatchObject([
        { key: 'secret', encryption: 'aes-128' },
        { key: 'E', encryption: 'aes-128', init: true },
      ]);
      expect(shown[0].value).toMatch(/^[A-Za-z0-9+/]+=*$/);
    }
    expect(await run('a')).toEqual(clear);
    expect(await run('a', { secret: 1 })).toEqual({ ...clear, secret: 1 });
  });

  it('come back as they were shown, and are kept', async () => {
    const shown = await given('actions/a');
    const put = await rest.put('_/actions/a?overwrite=true', { parameters: shown });
    expect(put.json.parameters).toEqual(shown);
    expect(await run('a')).toEqual(clear);
  });

  it('of packages and bindings too; triggers keep theirs as they are', async () => {
    await rest.put('_/packages/p', { parameters: [{ key: 'p', value: 's3cret p' }] });
    await rest.put('_/packages/b', {
      binding: { namespace: '_', name: 'p' },
      parameters: [{ key: 'b', value: 's3cret b' }],
    });
    await rest.put('_/actions/p/a', { exec: { kind: 'nodejs:20', code: ECHO } });
    for (const path of ['packages/p', 'packages/b', 'actions/b/a']) {
      expect(JSON.stringify(await given(path))).not.toContain('s3cret');
    }
    expect(await run('b/a')).toEqual({ p: 's3cret p', b: 's3cret b' });
    await rest.put('_/triggers/t', { parameters: [{ key: 't', value: 1 }] });
    expect(await given('triggers/t')).toEqual([{ key: 't', value: 1 }]);
  });

  it('are encrypted in the store itself', async () => {
    const store = await openStore({ dir, clock: systemClock, log: silentLogger(), exclusive: false });
    const stored = store.entities.get('guest/a')?.doc;
    expect(stored).toMatchObject({ parameters: [{ key: 'secret', encryption: 'aes-128' }, { key: 'E' }] });
    expect(JSON.stringify(stored)).not.toContain('s3cret');
    await store.close();
  });

  it('of an older scheme are read while newer ones are written', async () => {
    const keyFile = join(dir, 'key');
    writeFileSync(keyFile, `${keys.aes256Key}\n`);
    await start({ parameterStorage: 'aes-256', aes128Key: keys.aes128Key, aes256Key: `@${keyFile}` });
    expect(await run('a')).toEqual(clear);
    await rest.put('_/actions/a256', { exec: { kind: 'nodejs:20', code: ECHO }, parameters });
    expect((await given('actions/a256'))[0].encryption).toBe('aes-256');
    expect(await run('a256')).toEqual(clear);
    await start({ parameterStorage: 'noop', ...keys });
    expect([await run('a'), await run('a256')]).toEqual([clear, clear]);
    await rest.put('_/actions/plain', { exec: { kind: 'nodejs:20', code: ECHO }, parameters });
    expect(await given('actions/plain')).toEqual(parameters);
  });

  it('that the key cannot read end the activation as an error of the platform, and are in the record of each', async () => {
    await start({ parameterStorage: 'aes-256', ...keys });
    await rest.put('_/actions/locked', { exec: { kind: 'nodejs:20', code: ECHO }, parameters });
    await start({ parameterStorage: 'aes-256', aes256Key: Buffer.alloc(32, 3).toString('base64') });
    const blocking = await rest.post('_/actions/locked?blocking=true', {});
    const accepted = await rest.post('_/actions/locked', {});
    expect([blocking.status, accepted.status]).toEqual([500, 202]);
    for (const id of [blocking.json.activationId, accepted.json.activationId]) {
      const { json } = await eventually(async () => {
        const reply = await rest.get(`_/activations/${id}`);
        return reply.status === 200 ? reply : undefined;
      });
      expect(json.response).toMatchObject({ status: 'whisk internal error', result: { error: outcome.fetchFailed } });
    }
    await start({ parameterStorage: 'aes-256', ...keys });
    expect(await run('locked')).toEqual(clear);
  });

  it('are what a client sends, whatever mark it puts on them', async () => {
    await start({ parameterStorage: 'aes-256', ...keys });
    const [foreign] = await given('actions/a256');
    const marked = [
      { key: 'plain', value: 'Zm9v', encryption: 'aes-256' },
      { ...foreign, key: 'foreign' },
    ];
    const wanted = { plain: 'Zm9v', foreign: foreign.value };
    await rest.put('_/actions/marked', { exec: { kind: 'nodejs:20', code: ECHO }, parameters: marked });
    expect(await run('marked')).toEqual(wanted);
    await rest.put('_/actions/marked?overwrite=true', { parameters: marked });
    expect(await run('marked')).toEqual(wanted);
    for (const overwrite of [false, true]) {
      await rest.put(`_/packages/marked-p?overwrite=${overwrite}`, { parameters: marked });
      expect(JSON.stringify(await given('packages/marked-p'))).not.toContain('Zm9v');
    }
    await rest.put('_/triggers/marked-t', { parameters: marked.slice(0, 1) });
    expect(await given('triggers/marked-t')).toEqual([{ key: 'plain', value: 'Zm9v' }]);
  });
});
