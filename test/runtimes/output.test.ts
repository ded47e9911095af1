import { writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ActionProxy, launchProcess, missingProgram, type Reply } from '../contract/runtime-proxy.js';
import { NODE_WAYS, PYTHON_WAYS } from './kits/ways.js';

const cache = await mkdtemp(path.join(tmpdir(), 'output-'));
afterAll(() => rm(cache, { recursive: true, force: true }));

const nodejs = (body: string): string => `
const fs = require('fs');
const tick = () => new Promise(resolve => setImmediate(resolve));
async function main(args) { if (args.print) { ${body} } return {}; }`;

const python = (body: string): string => `
import os, sys
def main(args):
    if args.get('print'):
        ${body.replaceAll('\n', '\n        ')}
    return {}`;

interface Printing {
  readonly kind: string;
  /** An action that runs `body` when it is told to print. */
  readonly code: (body: string) => string;
  readonly ways: Readonly<Record<string, string>>;
  readonly nothing: string;
  /** Prints `loaded` while the code is loaded. */
  readonly atLoad: string;
  /** Prints `late` some time after it has returned. */
  readonly late: string;
  /** Starts a program that prints nothing. */
  readonly program: string;
}

const LANGUAGES: readonly Printing[] = [
  {
    kind: 'nodejs:20',
    code: nodejs,
    ways: NODE_WAYS,
    nothing: '',
    atLoad: "console.log('loaded');",
    late: 'setTimeout(() => console.log("late"), 20)',
    program: 'require("child_process").spawn("true")',
  },
  {
    kind: 'python:3.11',
    code: python,
    ways: PYTHON_WAYS,
    nothing: 'pass',
    atLoad: "print('loaded')",
    late: 'import threading\nthreading.Timer(0.02, lambda: print("late")).start()',
    program: 'os.system("true")',
  },
];

for (const { kind, code, ways, nothing, atLoad, late, program } of LANGUAGES) {
  const missing = await missingProgram(kind);
  describe.skipIf(missing !== undefined)(`${kind}: runs without sentinels`, () => {
    let proxy: ActionProxy;
    beforeEach(async () => {
      proxy = await launchProcess(kind, cache)();
    });
    afterEach(() => proxy.close());

    const start = async (source: string): Promise<void> => {
      const reply = await proxy.init({ code: source });
      expect(reply.status, reply.text).toBe(200);
    };
    const silent = ({ status, headers, text }: Reply): boolean => {
      expect(status, text).toBe(200);
      return headers['x-miniwhisk-sentinels'] === 'none';
    };

    it('leaves them out behind any number of runs that print nothing', async () => {
      await start(code(nothing));
      for (let i = 0; i < 3; i++) expect(silent(await proxy.runQuietly({}))).toBe(true);
      expect(silent(await proxy.run({}))).toBe(false);
      expect(await proxy.printed(1)).toEqual({ stdout: '', stderr: '' });
      expect(proxy.sentinels('stdout')).toBe(1);
    });

    it.each(Object.entries(ways))('writes them behind a run that prints by %s', async (_way, body) => {
      await start(code(body));
      expect(silent(await proxy.runQuietly({}))).toBe(true);
      expect(silent(await proxy.runQuietly({ print: true }))).toBe(false);
      const { stdout, stderr } = await proxy.printed(1);
      expect(stdout + stderr).toMatch(/text/);
    });

    it('does so behind what was printed while the code was loaded', async () => {
      await start(`${atLoad}\n${code(nothing)}`);
      expect(silent(await proxy.runQuietly({}))).toBe(false);
      expect(silent(await proxy.runQuietly({}))).toBe(true);
      expect((await proxy.printed(1)).stdout).toBe('loaded\n');
    });

    it('does so behind what was printed since the last run', async () => {
      await start(code(late));
      const first = silent(await proxy.runQuietly({ print: true }));
      await proxy.until(() => proxy.output('stdout').includes('late'));
      const second = silent(await proxy.runQuietly({}));
      expect([first, second]).toContain(false);
      expect(silent(await proxy.run({}))).toBe(false);
      expect((await proxy.printed(2)).stdout).toBe('late\n');
    });

    it('always does once another program could print by itself', async () => {
      await start(code(program));
      expect(silent(await proxy.runQuietly({ print: true }))).toBe(false);
      expect(silent(await proxy.runQuietly({}))).toBe(false);
    });
  });
}

it('leaves the functions that it watches in Node.js as they were for those who use them', async () => {
  const proxy = await launchProcess('nodejs:20', cache)();
  try {
    await proxy.init({
      code: `const fs = require('fs');
        async function main() {
          const { bytesWritten } = await require('util').promisify(fs.write)(2, Buffer.from('xyz'));
          const { name, length } = fs.writeSync;
          return { bytesWritten, name, length, custom: require('util').promisify.custom in fs.exists };
        }`,
    });
    const { body } = await proxy.runQuietly({});
    expect(body).toEqual({ bytesWritten: 3, name: 'writeSync', length: writeSync.length, custom: true });
  } finally {
    await proxy.close();
  }
});
