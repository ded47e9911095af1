import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { eventually } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

// biome-ignore lint/suspicious/noExplicitAny: the client has no exact types
type Client = any;
const openwhisk = createRequire(import.meta.url)('openwhisk') as (options: object) => Client;
const clientOf = (server: TestServer): Client => openwhisk({ apihost: server.url, api_key: server.auth });

const NODE_SOURCE =
  'function main({ name }) { console.log("hello"); console.error("oh"); return { greeting: "hi " + name } }';
const PYTHON_SOURCE = 'def main(args):\n    print("hello")\n    return {"greeting": "hi " + args["name"]}\n';
const zip = (files: Record<string, string>): Buffer =>
  Buffer.from(zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))));

const actions = [
  { name: 'node-source', action: NODE_SOURCE, kind: 'nodejs:20' },
  {
    name: 'node-zip',
    action: zip({
      'package.json': '{"main":"lib/entry.js"}',
      'lib/entry.js': `${NODE_SOURCE}\nexports.main = main`,
    }),
    kind: 'nodejs:20',
  },
  { name: 'python-source', action: PYTHON_SOURCE, kind: 'python:3.11' },
  {
    name: 'python-zip',
    action: zip({ '__main__.py': 'from lib import main\n', 'lib.py': PYTHON_SOURCE }),
    kind: 'python:3.11',
  },
];

const LOG_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z *(stdout|stderr): (hello|oh)$/;

const suite = (driver: 'docker' | 'process'): void => {
  let dataDir: string;
  let server: TestServer;
  let client: Client;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    if (driver === 'docker') await Promise.all(['nodejs:20', 'python:3.11'].map(requireImage));
    dataDir = await mkdtemp(join(tmpdir(), 'mw-spine-'));
    server = await startTestServer({ driver, dataDir });
    client = clientOf(server);
  }, 300_000);
  afterAll(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it.each(actions)('$name: create, invoke, result, logs', async ({ name, action, kind }) => {
    await client.actions.create({ name, action, kind });
    const run = await client.actions.invoke({ name, blocking: true, params: { name: 'you' } });
    expect(run.response).toMatchObject({ success: true, result: { greeting: 'hi you' } });
    ids[name] = run.activationId;
    const { logs } = await client.activations.logs({ name: run.activationId });
    expect(logs.length).toBeGreaterThan(0);
    for (const line of logs) expect(line).toMatch(LOG_LINE);
    const result = await client.activations.result({ name: run.activationId });
    expect(result.result).toEqual({ greeting: 'hi you' });
  });

  it('accepts without waiting', async () => {
    const { activationId } = await client.actions.invoke({ name: 'node-source', params: { name: 'later' } });
    const record = await eventually(async () => client.activations.get({ name: activationId }).catch(() => undefined));
    expect(record.response.result).toEqual({ greeting: 'hi later' });
  });

  it('lists what ran, newest first', async () => {
    const rows = await client.activations.list();
    expect(rows.map((row: { name: string }) => row.name)).toEqual([
      'node-source',
      ...actions.map(a => a.name).reverse(),
    ]);
  });

  it('has everything after a restart', async () => {
    const before = await client.activations.get({ name: ids['node-zip'] });
    await server.stop();
    server = await startTestServer({ driver, dataDir });
    client = clientOf(server);
    expect(await client.activations.get({ name: ids['node-zip'] })).toEqual(before);
    expect((await client.actions.list()).map((a: { name: string }) => a.name).sort()).toEqual(
      actions.map(a => a.name).sort(),
    );
    const again = await client.actions.invoke({
      name: 'python-zip',
      blocking: true,
      result: true,
      params: { name: 'again' },
    });
    expect(again).toEqual({ greeting: 'hi again' });
  });

  it('lets functions call the API back', async () => {
    const code = `
      const main = async () => {
        const { __OW_API_HOST: host, __OW_API_KEY: key } = process.env;
        const reply = await fetch(host + '/api/v1/namespaces', { headers: { authorization: 'Basic ' + btoa(key) } });
        return { namespaces: await reply.json() };
      }`;
    await client.actions.create({
      name: 'callback',
      action: code,
      kind: 'nodejs:20',
      annotations: { 'provide-api-key': true },
    });
    const result = await client.actions.invoke({ name: 'callback', blocking: true, result: true });
    expect(result).toEqual({ namespaces: ['guest'] });
  });
};

describe('the spine, as processes', () => suite('process'));

describeDocker('the spine, in Docker', () => {
  suite('docker');

  it('runs in a container with labels and limits, and leaves none', async () => {
    await requireImage('nodejs:20');
    const server = await startTestServer({ driver: 'docker' });
    const client = clientOf(server);
    try {
      const action = 'const main = () => new Promise(r => setTimeout(r, 60000, {}))';
      await client.actions.create({
        name: 'measured',
        action,
        kind: 'nodejs:20',
        limits: { memory: 128, timeout: 5000 },
      });
      await client.actions.invoke({ name: 'measured' });
      const id = await eventually(
        async () => (await docker('ps', '-q', '--filter', 'label=miniwhisk.action=guest/measured')) || undefined,
      );
      const [info] = JSON.parse(await docker('inspect', id));
      expect(info.Name).toMatch(/^\/wsk0\w+_\d+_guest_measured$/);
      expect(info.HostConfig).toMatchObject({
        Memory: 128 * 1024 * 1024,
        MemorySwap: 128 * 1024 * 1024,
        PidsLimit: 1024,
        Privileged: false,
        SecurityOpt: ['no-new-privileges'],
      });
      expect(info.HostConfig.Ulimits).toContainEqual({ Name: 'nofile', Soft: 1024, Hard: 1024 });
    } finally {
      await server[Symbol.asyncDispose]();
    }
    expect(await docker('ps', '-aq', '--filter', 'label=miniwhisk.action=guest/measured')).toBe('');
  });
});
