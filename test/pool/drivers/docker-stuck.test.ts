import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DockerDriver } from '../../../src/pool/drivers/docker.js';

/** An engine that can neither start nor, for the time being, remove a container whose name begins with `bad`. */
const startEngine = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const containers = new Map<string, string>();
  const engine = { host: `unix://${folder}/s`, containers, stuck: true, refusals: 0 };
  let count = 0;
  const answer = (response: ServerResponse, status: number, body?: object): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body && JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    const [, id = '', call = ''] = /^\/containers\/([^/]+)\/?(\w*)$/.exec(pathname) ?? [];
    const bad = containers.get(id)?.startsWith('bad');
    if (pathname === '/_ping') response.end('OK');
    else if (pathname === '/events') response.writeHead(200).flushHeaders();
    else if (pathname === '/info') answer(response, 200, { NCPU: 2, OSType: 'linux' });
    else if (pathname.startsWith('/images')) answer(response, 200, { Id: 'i', Size: 1 });
    else if (id === 'create') {
      containers.set(String(++count), searchParams.get('name') ?? '');
      answer(response, 201, { Id: String(count) });
    } else if (request.method === 'DELETE') {
      if (bad && engine.stuck) {
        engine.refusals++;
        return answer(response, 500, { message: 'could not kill it' });
      }
      containers.delete(id);
      answer(response, 204);
    } else if (call === 'start') answer(response, bad ? 500 : 204, bad ? { message: 'no start' } : undefined);
    else if (call === 'json') answer(response, 200, { State: { Running: true }, NetworkSettings: { Ports: {} } });
    else answer(response, 404, { message: pathname });
  });
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy()).resume();
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  });
  await new Promise<void>(resolve => server.listen(join(folder, 's'), resolve));
  return Object.assign(engine, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  });
};

it.skipIf(process.platform === 'win32')(
  'containers that can neither be started nor removed keep no others waiting, and go in the end',
  async () => {
    await using engine = await startEngine();
    const driver = new DockerDriver({ host: engine.host, instance: 'stuck' });
    const create = (name: string) =>
      driver.create({ name, kind: 'nodejs:20', image: 'i', memory: 128, env: {}, labels: {}, cpuShares: 2 });
    try {
      const bad = Promise.allSettled([1, 2, 3, 4].map(n => create(`bad${n}`)));
      await create('good');
      for (const { status, reason } of (await bad) as PromiseRejectedResult[]) {
        expect(`${status}: ${reason}`).toContain('no start');
      }
      expect(engine.refusals).toBeGreaterThanOrEqual(4);
      expect([...engine.containers.values()].sort()).toEqual(['bad1', 'bad2', 'bad3', 'bad4', 'good']);
    } finally {
      engine.stuck = false;
      await driver.close();
    }
    expect([...engine.containers.values()]).toEqual([]);
  },
);
