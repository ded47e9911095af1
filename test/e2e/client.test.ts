import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultText, entity } from '../../src/messages.js';
import { zip } from '../support/archives.js';
import { eventually } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** The npm client `openwhisk`, each of its resources and operations. */
// biome-ignore lint/suspicious/noExplicitAny: the client has no exact types
type Client = any;
const openwhisk = createRequire(import.meta.url)('openwhisk') as (options: object) => Client;
const ECHO = 'function main(args) { return args }';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await targetServer();
  client = openwhisk({ apihost: server.url, api_key: server.auth });
  for (const name of ['cl-bound', 'cl-pkg']) await client.packages.delete({ name }).catch(() => undefined);
  for (const name of ['cl-a', 'cl-seq', 'cl-zip', 'cl-pkg/inner', 'cl-feed'])
    await client.actions.delete({ name }).catch(() => undefined);
  for (const name of ['cl-r']) await client.rules.delete({ name }).catch(() => undefined);
  for (const name of ['cl-t', 'cl-t2']) await client.triggers.delete({ name }).catch(() => undefined);
});
afterAll(() => server[Symbol.asyncDispose]());

const names = (rows: { name: string }[]): string[] => rows.map(row => row.name);
const failure = (call: Promise<unknown>): Promise<{ statusCode: number; error: { error: string } }> =>
  call.then(
    () => Promise.reject(new Error('it did not fail')),
    error => error,
  );

describe('actions', () => {
  it('create, update, get, list, delete', async () => {
    const made = await client.actions.create({
      name: 'cl-a',
      action: ECHO,
      params: { x: 1 },
      annotations: { note: 'n' },
    });
    expect(made).toMatchObject({ name: 'cl-a', version: '0.0.1', exec: { code: ECHO } });
    expect(made.parameters).toEqual([{ key: 'x', value: 1 }]);
    expect((await failure(client.actions.create({ name: 'cl-a', action: ECHO }))).statusCode).toBe(409);
    const limits = { timeout: 5000, memory: 128 };
    expect((await client.actions.update({ name: 'cl-a', action: ECHO, limits })).limits).toMatchObject(limits);
    expect((await client.actions.get({ name: 'cl-a', code: false })).exec).not.toHaveProperty('code');
    expect(names(await client.actions.list({ limit: 200 }))).toContain('cl-a');
    expect((await client.actions.list({ count: true })).actions).toBeGreaterThan(0);
    await client.actions.create({
      name: 'cl-zip',
      action: Buffer.from(zip([{ name: 'index.js', data: `exports.main = ${ECHO}` }]), 'base64'),
    });
    expect((await client.actions.get('cl-zip')).exec.binary).toBe(true);
    await client.actions.create({ name: 'cl-seq', sequence: ['/_/cl-zip', '/_/cl-a'] });
    expect((await client.actions.get('cl-seq')).exec.components).toHaveLength(2);
  });

  it('invoke: blocking, result, failing, missing', async () => {
    expect(await client.actions.invoke({ name: 'cl-seq', params: { a: 1 }, blocking: true, result: true })).toEqual({
      x: 1,
      a: 1,
    });
    expect(await client.actions.invoke({ name: 'cl-a', blocking: true })).toMatchObject({
      response: { success: true },
    });
    expect(Object.keys(await client.actions.invoke({ name: 'cl-a' }))).toEqual(['activationId']);
    const failed = await failure(client.actions.invoke({ name: 'cl-a', params: { error: 'app' }, blocking: true }));
    expect([failed.statusCode, (failed.error as unknown as { response: object }).response]).toMatchObject([
      502,
      { result: { error: 'app' } },
    ]);
    const missing = await failure(client.actions.invoke({ name: 'cl-none' }));
    expect([missing.statusCode, missing.error.error]).toEqual([404, defaultText[404]]);
  });
});

describe('packages', () => {
  it('create, bind, get, list, delete', async () => {
    await client.packages.create({ name: 'cl-pkg', package: { publish: true, parameters: [{ key: 'p', value: 1 }] } });
    await client.actions.create({ name: 'cl-pkg/inner', action: ECHO });
    const binding = { namespace: '_', name: 'cl-pkg' };
    await client.packages.create({ name: 'cl-bound', package: { binding } });
    expect(await client.actions.invoke({ name: 'cl-bound/inner', blocking: true, result: true })).toEqual({ p: 1 });
    expect(names((await client.packages.get('cl-bound')).actions)).toEqual(['inner']);
    expect(names(await client.packages.list())).toEqual(expect.arrayContaining(['cl-pkg', 'cl-bound']));
    expect((await failure(client.packages.delete('cl-pkg'))).statusCode).toBe(409);
    await client.packages.delete('cl-bound');
    await client.packages.update({ name: 'cl-pkg', package: { publish: false } });
    expect((await failure(client.packages.get('cl-none'))).error.error).toContain('does not exist');
  });
});

describe('triggers and rules', () => {
  it('create, fire, enable, disable, delete', async () => {
    await client.triggers.create({ name: 'cl-t', params: { from: 'trigger' } });
    expect(await client.triggers.invoke({ name: 'cl-t' })).toHaveLength(0);
    await client.rules.create({ name: 'cl-r', action: 'cl-a', trigger: 'cl-t' });
    const fired = await client.triggers.invoke({ name: 'cl-t', params: { a: 1 } });
    const record = await eventually(() => client.activations.get(fired.activationId).catch(() => undefined));
    expect(JSON.parse((record as { logs: string[] }).logs[0] as string)).toMatchObject({ success: true });
    await client.rules.disable({ name: 'cl-r' });
    expect((await client.rules.get('cl-r')).status).toBe('inactive');
    await client.rules.enable({ name: 'cl-r' });
    expect((await client.rules.update({ name: 'cl-r', action: 'cl-zip', trigger: 'cl-t' })).status).toBe('active');
    expect(names(await client.rules.list())).toContain('cl-r');
    expect((await client.rules.delete('cl-r')).status).toBe('inactive');
    expect((await client.triggers.get('cl-t')).rules).toEqual({});
    expect(names(await client.triggers.list())).toContain('cl-t');
    await client.triggers.delete('cl-t');
  });

  it('feeds: the feed action is called with the life cycle', async () => {
    await client.actions.create({ name: 'cl-feed', action: ECHO, annotations: { feed: true } });
    const trigger = 'cl-t2';
    await client.triggers.create({ name: trigger });
    const event = async (call: Promise<{ response: { result: object } }>): Promise<object> =>
      (await call).response.result;
    const created = await event(client.feeds.create({ feedName: 'cl-feed', trigger, params: { every: 1 } }));
    expect(created).toMatchObject({ lifecycleEvent: 'CREATE', every: 1, authKey: server.auth });
    expect(await event(client.feeds.delete({ feedName: 'cl-feed', trigger }))).toMatchObject({
      lifecycleEvent: 'DELETE',
    });
    expect(await event(client.feeds.get({ feedName: 'cl-feed', trigger }))).toMatchObject({ lifecycleEvent: 'READ' });
    expect(await event(client.feeds.update({ feedName: 'cl-feed', trigger }))).toMatchObject({
      lifecycleEvent: 'UPDATE',
    });
  });
});

describe('activations, namespaces, errors', () => {
  it('list, get, logs, result', async () => {
    const { activationId } = await client.actions.invoke({ name: 'cl-a', blocking: true, params: { a: 1 } });
    const record = await client.activations.get(activationId);
    expect(record).toMatchObject({ activationId, response: { result: { x: 1, a: 1 } } });
    expect(await client.activations.result(activationId)).toMatchObject({ result: { x: 1, a: 1 }, success: true });
    expect(await client.activations.logs(activationId)).toEqual({ logs: [] });
    const since = record.start;
    const rows = await client.activations.list({ name: 'cl-a', since, upto: since, docs: true, limit: 5, skip: 0 });
    expect(names(rows)).toContain('cl-a');
    expect((await client.activations.list({ count: true })).activations).toBeGreaterThan(0);
  });

  it('knows its namespace', async () => {
    expect(await client.namespaces.list()).toHaveLength(1);
  });

  it('tells what went wrong', async () => {
    const stranger = openwhisk({ apihost: server.url, api_key: 'a:b' });
    expect((await failure(stranger.actions.list())).statusCode).toBe(401);
    expect((await failure(client.triggers.get('cl-a'))).error.error).toBe(entity.otherCollection);
  });
});
