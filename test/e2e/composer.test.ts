import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** openwhisk-composer composes, deploys and runs against the server, through its library and its two programs. */
const require = createRequire(import.meta.url);
const composer = require('openwhisk-composer');
const connect = require('openwhisk-composer/client');
const bin = (name: string): string => join(dirname(require.resolve('openwhisk-composer/package.json')), 'bin', name);
const run = promisify(execFile);

let server: TestServer;
let rest: Rest;
let dir: string;

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  dir = mkdtempSync(join(tmpdir(), 'mw-composer-'));
  await rest.action('cp-is-even', 'const main = ({ n }) => ({ value: n % 2 === 0 })');
  await rest.action('cp-halve', 'const main = ({ n }) => ({ n: n / 2 })');
  await rest.action('cp-triple', 'const main = ({ n }) => ({ n: 3 * n + 1 })');
  await rest.action('cp-fail', 'const main = ({ message = "no" }) => ({ error: message })');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/** Deploys a composition and gives back how to run it. */
const deploy = async (name: string, composition: { compile(): object }) => {
  const client = connect({ apihost: server.url, api_key: server.auth }, true);
  await client.compositions.deploy({ name, ...composition.compile() }, true);
  return async (payload: object) => {
    const { status, json } = await rest.post(`_/actions/${name}?blocking=true`, payload);
    return { status, result: json.response?.result, logs: json.logs as string[] };
  };
};

describe('a composition', () => {
  it('chooses: if', async () => {
    const call = await deploy('cp-if', composer.if('cp-is-even', 'cp-halve', 'cp-triple'));
    expect((await call({ n: 4 })).result).toEqual({ n: 2 });
    const odd = await call({ n: 3 });
    expect([odd.status, odd.result]).toEqual([200, { n: 10 }]);
    // conductor, condition, conductor, branch, conductor
    expect(odd.logs).toHaveLength(5);
  });

  it('tries again: retry', async () => {
    const flaky = composer.function((args: { left: number }) =>
      args.left > 0 ? { error: 'not yet', left: args.left - 1 } : { done: true },
    );
    const counted = composer.sequence(
      composer.let(
        { tries: 0 },
        composer.retry(3, composer.function('() => { tries++; return tries < 3 ? { error: "not yet" } : { tries } }')),
      ),
    );
    expect((await (await deploy('cp-retry', counted))({})).result).toEqual({ tries: 3 });
    const gone = await (await deploy('cp-retry-actions', composer.retry(2, 'cp-fail')))({ message: 'still no' });
    expect([gone.status, gone.result]).toEqual([502, { error: 'still no' }]);
    expect((await (await deploy('cp-flaky', composer.retry(1, flaky)))({ left: 0 })).result).toEqual({ done: true });
  });

  it('recovers: try', async () => {
    const handler = composer.function((args: { error: string }) => ({ recovered: args.error }));
    const call = await deploy('cp-try', composer.try('cp-fail', handler));
    const recovered = await call({ message: 'oh' });
    expect([recovered.status, recovered.result]).toEqual([200, { recovered: 'oh' }]);
    const missing = await (await deploy('cp-try-missing', composer.try('cp-not-there', handler)))({});
    expect(missing.result.recovered).toContain('cp-not-there');
  });

  it('loops and nests, with actions of its own', async () => {
    const even = composer.action('cp-own-even', { action: (args: { n: number }) => ({ value: args.n % 2 === 0 }) });
    const collatz = composer.while(
      composer.function((args: { n: number }) => ({ value: args.n !== 1 })),
      composer.if(even, 'cp-halve', 'cp-triple'),
    );
    expect((await (await deploy('cp-collatz', collatz))({ n: 6 })).result).toEqual({ n: 1 });
    const nested = composer.sequence('cp-collatz', 'cp-triple', composer.repeat(2, 'cp-halve'));
    expect((await (await deploy('cp-nested', nested))({ n: 3 })).result).toEqual({ n: 1 });
  });
});

it("runs through composer's own programs: compose, deploy", async () => {
  const source = join(dir, 'c.js');
  const compiled = join(dir, 'c.json');
  writeFileSync(
    source,
    `module.exports = require(${JSON.stringify(require.resolve('openwhisk-composer'))}).sequence('cp-triple', 'cp-halve')`,
  );
  const { stdout } = await run(process.execPath, [bin('compose.js'), source]);
  writeFileSync(compiled, stdout);
  const flags = ['--apihost', server.url, '--auth', server.auth, '-w', '--basic'];
  const deployed = await run(process.execPath, [bin('deploy.js'), 'cp-program', compiled, ...flags]);
  expect(deployed.stdout).toContain('ok: created action');
  const { json } = await rest.post('_/actions/cp-program?blocking=true&result=true', { n: 5 });
  expect(json).toEqual({ n: 8 });
});
