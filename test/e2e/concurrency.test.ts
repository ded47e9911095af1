import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity } from '../../src/messages.js';
import { zip } from '../support/archives.js';
import { describeDocker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

const MB = 1024 * 1024;
const AT_ONCE = 10;
/** Answers once all calls are in it: with fewer at a time it would never end. */
const MEETING = `
let here = 0;
let open;
const all = new Promise(resolve => { open = resolve; });
async function main({ n = -1 }) {
  if (n === -1) return { pid: process.pid };
  console.log('call', n);
  if (++here === ${AT_ONCE}) open();
  await all;
  console.log('met', n);
  return { n, pid: process.pid };
}`;

const suite = (driver: 'docker' | 'process'): void => {
  let server: TestServer;
  let rest: Rest;
  beforeAll(async () => {
    if (driver === 'docker') await requireImage('nodejs:20');
    server = await startTestServer({ driver });
    rest = restClient(server.url, server.auth);
  }, 120_000);
  afterAll(() => server[Symbol.asyncDispose]());

  it('one container works on several calls at once, and every line they print is kept once', async () => {
    await rest.action('meeting', MEETING, { limits: { concurrency: AT_ONCE } });
    const first = (await rest.post('_/actions/meeting?blocking=true')).json.response.result;
    const calls = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) => rest.post('_/actions/meeting?blocking=true', { n })),
    );
    for (const [n, { status, json }] of calls.entries()) {
      expect([status, json.response.result]).toEqual([200, { n, pid: first.pid }]);
    }
    const ids: string[] = calls.map(({ json }) => json.activationId);
    const lines = await eventually(async () => {
      const logs = await Promise.all(ids.map(async id => (await rest.get(`_/activations/${id}/logs`)).json.logs));
      const all = logs.flat().map(line => String(line).replace(/^\S+ stdout: /, ''));
      return all.length >= 2 * AT_ONCE ? all : undefined;
    });
    const expected = Array.from({ length: AT_ONCE }, (_, n) => [`call ${n}`, `met ${n}`]).flat();
    expect(lines.sort()).toEqual(expected.sort());
  });

  it('an archive of 10 MB runs', async () => {
    const ballast = randomBytes(10 * MB);
    const source = "exports.main = () => ({ bytes: require('fs').statSync(__dirname + '/ballast').size });";
    const code = zip([
      { name: 'index.js', data: source },
      { name: 'ballast', data: ballast },
    ]);
    const made = await rest.put('_/actions/large', { exec: { kind: 'nodejs:20', code, main: 'main' } });
    expect([made.status, made.json.exec.binary]).toEqual([200, true]);
    const { json } = await rest.post('_/actions/large?blocking=true&result=true');
    expect(json).toEqual({ bytes: 10 * MB });
  });

  it('code of 48 MB runs, of 49 MB is refused', async () => {
    const source = 'const main = () => ({ ok: true });\n//';
    const exec = (size: number) => ({ kind: 'nodejs:20', code: source + 'x'.repeat(size - source.length) });
    expect((await rest.put('_/actions/most', { exec: exec(48 * MB) })).status).toBe(200);
    expect((await rest.post('_/actions/most?blocking=true&result=true')).json).toEqual({ ok: true });
    const refused = await rest.put('_/actions/more', { exec: exec(49 * MB) });
    expect([refused.status, refused.json.error]).toEqual([413, entity.tooLarge('exec', 49 * MB, 48 * MB)]);
  });
};

describe('as a process', () => suite('process'));
describeDocker('in Docker', () => suite('docker'));
