import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { launchProcess, missingProgram } from '../contract/runtime-proxy.js';
import { zip } from '../support/archives.js';

const missing = await missingProgram('python:3.11');

it.skipIf(missing !== undefined)('python: an archive may have modules of any name', async () => {
  const cache = await mkdtemp(path.join(tmpdir(), 'python-'));
  const names = ['server', 'load', 'prints', 'proxy', 'archive', 'output'];
  const proxy = await launchProcess('python:3.11', cache)();
  try {
    const main = `${names.map(name => `import ${name}`).join('\n')}
def main(args):
    return {"own": [${names.map(name => `${name}.OWN`).join(', ')}]}`;
    const modules = names.map(name => ({ name: `${name}.py`, data: `OWN = "${name}"` }));
    const code = zip([{ name: '__main__.py', data: main }, ...modules]);
    const ready = await proxy.init({ code, binary: true });
    expect(ready.status, ready.text).toBe(200);
    expect((await proxy.run({})).body).toEqual({ own: names });
  } finally {
    await proxy.close();
    await rm(cache, { recursive: true, force: true });
  }
});
