import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerClient } from '../../../src/pool/client.js';
import type { Container } from '../../../src/pool/driver.js';
import { ProcessDriver } from '../../../src/pool/drivers/process.js';
import { endNoted, noteFile, writeNote } from '../../../src/pool/drivers/process-leftovers.js';

let root: string;
let drivers: ProcessDriver[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mw-'));
  drivers = [];
});
afterEach(async () => {
  await Promise.all(drivers.map(driver => driver.close()));
  rmSync(root, { recursive: true });
});

const open = (directory: string, cache?: string): ProcessDriver => {
  const driver = new ProcessDriver({ directory, cache, environment: process.env });
  drivers.push(driver);
  return driver;
};
const create = (driver: ProcessDriver, memory = 256, kind = 'nodejs:20'): Promise<Container> =>
  driver.create({ name: 'x', kind, image: '', memory, env: {}, labels: {}, cpuShares: 2 });
const body = (code: string): string => JSON.stringify({ value: { name: 'x', main: 'main', code, binary: false } });

/** A process of its own group that does nothing. */
const sleeper = async (): Promise<ChildProcess & { pid: number }> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
};

describe('process driver', () => {
  it('listens on a port of 127.0.0.1 where the socket would have too long a path', async () => {
    const driver = open(join(root, 'a-folder-with-a-very-long-name'.repeat(4)));
    const container = await create(driver);
    expect(container.address).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
    const client = new ContainerClient(container.address);
    expect(await client.init(body('function main() { return {}; }'), 30_000)).toMatchObject({ status: 200 });
    expect(await client.run('{"value":{}}', 30_000)).toMatchObject({ status: 200 });
    client.close();
  });

  it('gives each container a folder of its own and takes it away again', async () => {
    const driver = open(join(root, 'run'));
    const container = await create(driver);
    const client = new ContainerClient(container.address);
    const code = `function main() {
      require('fs').mkdirSync('deep/er', { recursive: true });
      require('fs').writeFileSync('deep/er/file', 'x');
      return { cwd: process.cwd(), home: require('os').homedir(), tmp: require('os').tmpdir() };
    }`;
    await client.init(body(code), 30_000);
    const result = await client.run('{"value":{}}', 30_000);
    const { cwd, home, tmp } = JSON.parse(result.kind === 'response' ? result.body.toString() : '{}');
    expect([home, tmp]).toEqual([cwd, cwd]);
    expect(existsSync(join(cwd, 'deep/er/file'))).toBe(true);
    client.close();
    await container.remove();
    expect(readdirSync(join(root, 'run'))).toEqual([]);
  });

  it.each([0, 1, 5, 20])('leaves nothing when it is closed while it makes a container, %i turns later', async turns => {
    const driver = open(join(root, 'run'));
    await driver.available('nodejs:20');
    // Either it was made just before, and is removed, or it is not made any more.
    const ended = create(driver).then(
      container => container.exited,
      error => expect(String(error)).toMatch(/closed/),
    );
    for (let i = 0; i < turns; i++) await new Promise(setImmediate);
    await driver.close();
    await ended;
    expect(existsSync(join(root, 'run'))).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('counts the memory of what an action starts, and ends that too', async () => {
    const driver = open(join(root, 'run'));
    const container = await create(driver, 200);
    const client = new ContainerClient(container.address);
    const hoard = 'const h = []; setInterval(() => h.push(Buffer.alloc(4e6, 1)), 5)';
    const code = `function main() {
      const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hoard)}]);
      return new Promise(() => {}, child.pid);
    }`;
    await client.init(body(code), 30_000);
    void client.run('{"value":{}}', 60_000);
    expect(await container.exited).toMatchObject({ outOfMemory: true });
    client.close();
  });

  it('refuses a folder that others may write to', async context => {
    if (process.platform === 'win32') return context.skip();
    const directory = join(root, 'open');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    await expect(create(open(directory))).rejects.toThrow(/others may write to it/);
    await expect(open(directory).sweep()).rejects.toThrow(/others may write to it/);
  });

  it('takes the folder once it is in order again, and makes it anew when it is gone', async context => {
    if (process.platform === 'win32') return context.skip();
    const directory = join(root, 'run');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const driver = open(directory, join(root, 'built'));
    await expect(create(driver)).rejects.toThrow(/others may write to it/);
    chmodSync(directory, 0o700);
    await (await create(driver)).remove();
    rmSync(directory, { recursive: true });
    rmSync(join(root, 'built'), { recursive: true });
    await (await create(driver)).remove();
    expect(readdirSync(root).sort()).toEqual(['built', 'run']);
  });

  it('compiles the same code once, over starts where the cache is kept', async context => {
    const driver = open(join(root, 'run'), join(root, 'built'));
    if (!(await driver.available('go:1.24')).usable && process.env['CI'] !== 'true') return context.skip();
    const source = 'package main\nfunc Main(a map[string]interface{}) map[string]interface{} { return a }';
    const built = (): string[] => readdirSync(join(root, 'built'));
    const initialize = async (container: Container): Promise<void> => {
      const client = new ContainerClient(container.address);
      expect(await client.init(body(source), 60_000)).toMatchObject({ status: 200 });
      client.close();
      await container.remove();
    };
    await initialize(await create(driver, 256, 'go:1.24'));
    expect(built()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    // A mark in the folder is there still, so nobody built it anew.
    writeFileSync(join(root, 'built', built()[0] as string, 'mark'), '');
    await driver.close();
    await initialize(await create(open(join(root, 'run'), join(root, 'built')), 256, 'go:1.24'));
    expect(built()).toHaveLength(1);
    expect(existsSync(join(root, 'built', built()[0] as string, 'mark'))).toBe(true);
    const passing = open(join(root, 'passing'));
    await initialize(await create(passing, 256, 'go:1.24'));
    expect(readdirSync(join(root, 'passing'))).toEqual([expect.stringMatching(/cache$/)]);
    await passing.close();
    expect(existsSync(join(root, 'passing'))).toBe(false);
  }, 120_000);
});

describe.skipIf(process.platform === 'win32')('notes of what runs', () => {
  it('end the process they tell of', async () => {
    const child = await sleeper();
    await writeNote(root, 'a', child.pid);
    const exit = once(child, 'exit');
    expect(await endNoted(noteFile(root, 'a'))).toBe(true);
    expect((await exit)[1]).toBe('SIGKILL');
    expect(await endNoted(noteFile(root, 'a'))).toBe(false);
  });

  it('leave alone another process that has the number now, and do not mind nonsense', async () => {
    const child = await sleeper();
    for (const note of [{ pid: child.pid, started: 'yesterday' }, { pid: -1 }, { pid: 1 }, [], 'x']) {
      writeFileSync(noteFile(root, 'b'), JSON.stringify(note));
      expect(await endNoted(noteFile(root, 'b'))).toBe(false);
    }
    writeFileSync(noteFile(root, 'b'), '{');
    expect(await endNoted(noteFile(root, 'b'))).toBe(false);
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
});
