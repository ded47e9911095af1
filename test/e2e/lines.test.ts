import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Lines and records when some runs end without sentinels (runtimes/README.md). */
let server: TestServer;
let rest: Rest;

const record = (id: string): Promise<{ readonly logs: readonly string[] }> =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
});
afterAll(() => server[Symbol.asyncDispose]());

const textOf = (line: string): string => line.replace(/^\S+ +std(?:out|err): /, '');

it('keeps what new containers print at once, of both streams', async () => {
  // No stem cell has this memory.
  const limits = { memory: 160 };
  const calls = [0, 1, 2, 3].map(async n => {
    await rest.action(
      `av-first-${n}`,
      `const main = () => { console.log('out ${n}'); console.error('err ${n}'); return {}; }`,
      { limits },
    );
    const { json } = await rest.post(`_/actions/av-first-${n}?blocking=true`, {});
    return (await record(json.activationId)).logs.map(textOf).sort();
  });
  expect(await Promise.all(calls)).toEqual([0, 1, 2, 3].map(n => [`err ${n}`, `out ${n}`]));
});

it('gives every record its own lines, whichever way they are printed, between runs that print nothing', async () => {
  const code = `const main = a => {
    if (a.way === 'console') console.log(a.text);
    if (a.way === 'descriptor') require('fs').writeSync(2, a.text + '\\n');
    if (a.way === 'program') require('child_process').spawnSync(process.execPath, ['-p', JSON.stringify(a.text)], { stdio: 'inherit' });
    return {};
  }`;
  await rest.action('av-lines', code, { limits: { memory: 128 } });
  const ways = [
    'none',
    'console',
    'none',
    'none',
    'descriptor',
    'console',
    'none',
    'program',
    'none',
    'none',
    'console',
  ];
  const calls: [string, string][] = [];
  for (const [at, way] of ways.entries()) {
    const { json } = await rest.post('_/actions/av-lines?blocking=true', { way, text: `text ${at}` });
    calls.push([json.activationId, way === 'none' ? '' : `text ${at}`]);
  }
  for (const [id, text] of calls) {
    const { logs } = await record(id);
    expect(logs.map(textOf)).toEqual(text ? [text] : []);
  }
});
