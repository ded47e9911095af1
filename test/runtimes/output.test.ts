import { writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ActionProxy, launchProcess, type Reply } from '../contract/runtime-proxy.js';

const cache = await mkdtemp(path.join(tmpdir(), 'output-'));
afterAll(() => rm(cache, { recursive: true, force: true }));

/** Ways to print in Node.js. Each is the body of a function of `fs` and `args`. */
const WAYS: Readonly<Record<string, string>> = {
  console: 'console.log("text")',
  'console.error': 'console.error("text")',
  'a stream': 'process.stdout.write("text\\n")',
  'a pipe into a stream':
    'require("stream").Readable.from(["text\\n"]).pipe(process.stdout, { end: false }); await tick()',
  'a descriptor': 'fs.writeSync(1, "text\\n")',
  'a descriptor, later': 'await new Promise(done => fs.write(2, "text\\n", done))',
  'a descriptor, as a promise': 'await require("util").promisify(fs.write)(1, Buffer.from("text\\n"))',
  'several pieces': 'fs.writevSync(1, [Buffer.from("te"), Buffer.from("xt\\n")])',
  'a file': 'fs.writeFileSync(1, "text\\n")',
  'a stream of its own':
    'await new Promise(done => fs.createWriteStream(null, { fd: 1, autoClose: false }).write("text\\n", done))',
  'an import': 'const { writeSync } = await import("node:fs"); writeSync(1, "text\\n")',
  'a warning': 'process.emitWarning("text"); await tick(); await tick()',
  'a child process': 'require("child_process").execSync("echo text", { stdio: "inherit" })',
  'a program of its own':
    'const { execFile } = await import("node:child_process"); await new Promise(done => execFile("echo", ["text"], (_, text) => done(process.stdout.write(text))))',
  'a thread':
    'await new Promise(done => new (require("worker_threads").Worker)("require(\'fs\').writeSync(1, \'text\\\\n\')", { eval: true }).on("exit", done))',
};

const CODE = (body: string): string => `
const fs = require('fs');
const tick = () => new Promise(resolve => setImmediate(resolve));
let calls = 0;
async function main(args) { if (args.print) { ${body} } return { calls: ++calls }; }`;

describe('nodejs: runs without sentinels', () => {
  let proxy: ActionProxy;
  beforeEach(async () => {
    proxy = await launchProcess('nodejs:20', cache)();
  });
  afterEach(() => proxy.close());

  const start = async (code: string): Promise<void> => {
    const reply = await proxy.init({ code });
    expect(reply.status, reply.text).toBe(200);
  };
  const silent = ({ status, headers, text }: Reply): boolean => {
    expect(status, text).toBe(200);
    return headers['x-miniwhisk-sentinels'] === 'none';
  };

  it('leaves them out behind any number of runs that print nothing', async () => {
    await start(CODE(''));
    for (let i = 0; i < 3; i++) expect(silent(await proxy.runQuietly({}))).toBe(true);
    expect(silent(await proxy.run({}))).toBe(false);
    expect(await proxy.printed(1)).toEqual({ stdout: '', stderr: '' });
    expect(proxy.sentinels('stdout')).toBe(1);
  });

  it.each(Object.entries(WAYS))('writes them behind a run that prints by %s', async (_way, body) => {
    await start(CODE(body));
    expect(silent(await proxy.runQuietly({}))).toBe(true);
    expect(silent(await proxy.runQuietly({ print: true }))).toBe(false);
    const { stdout, stderr } = await proxy.printed(1);
    expect(stdout + stderr).toMatch(/text/);
  });

  it('does so behind what was printed while the code was loaded', async () => {
    await start(`console.log('loaded');${CODE('')}`);
    expect(silent(await proxy.runQuietly({}))).toBe(false);
    expect(silent(await proxy.runQuietly({}))).toBe(true);
    expect((await proxy.printed(1)).stdout).toBe('loaded\n');
  });

  it('does so behind what was printed since the last run', async () => {
    await start(CODE('setImmediate(() => console.log("late"))'));
    const first = silent(await proxy.runQuietly({ print: true }));
    await proxy.until(() => proxy.output('stdout').includes('late'));
    const second = silent(await proxy.runQuietly({}));
    // The line is behind the reply to the first run, or before it.
    expect([first, second].filter(is => !is)).toHaveLength(1);
  });

  it('always does once a child process could print by itself', async () => {
    await start(CODE('require("child_process").spawn("true")'));
    expect(silent(await proxy.runQuietly({ print: true }))).toBe(false);
    expect(silent(await proxy.runQuietly({}))).toBe(false);
  });

  it('leaves the functions it watches as they were for those who use them', async () => {
    await start(`const fs = require('fs');
      async function main() {
        const { bytesWritten } = await require('util').promisify(fs.write)(2, Buffer.from('xyz'));
        return { bytesWritten, name: fs.writeSync.name, length: fs.writeSync.length, custom: require('util').promisify.custom in fs.exists };
      }`);
    const reply = await proxy.runQuietly({});
    expect(reply.body).toEqual({ bytesWritten: 3, name: 'writeSync', length: writeSync.length, custom: true });
  });
});
