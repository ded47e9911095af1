import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerClient } from '../../src/pool/client.js';
import type { Container, Driver, OutputListener } from '../../src/pool/driver.js';
import { LogCollector } from '../../src/pool/logs.js';

/** One way to run containers, as the suite needs it. */
export interface DriverUnderTest {
  /** A driver of the same server instance each time, as if the server had been started again. */
  readonly open: () => Driver;
  /** What serves nodejs. */
  readonly kind: string;
  readonly image: string;
  /** A kind and image that this driver cannot serve here, and what its reason says. */
  readonly missing: { readonly kind: string; readonly image: string; readonly reason: RegExp };
  /** Ends a container as nobody expects it. */
  readonly kill: (container: Container) => Promise<void>;
  /** Whether the system says that its processes are suspended. */
  readonly isPaused: (container: Container) => Promise<boolean>;
  /** What is left of the instance: containers, processes, files. */
  readonly left: () => Promise<readonly string[]>;
}

const MB = 1024 * 1024;
const INIT_LIMIT = 30_000;
const RUN_LIMIT = 60_000;

interface Running {
  readonly container: Container;
  readonly client: ContainerClient;
  readonly logs: LogCollector;
}

const initBody = (code: string): string =>
  JSON.stringify({ value: { name: 'test', main: 'main', code, binary: false, env: {} } });
const runBody = (value: object): string => JSON.stringify({ value, deadline: String(Date.now() + RUN_LIMIT) });

/** Every implementation of `Driver` must pass this. */
export const driverContract = (subject: DriverUnderTest): void => {
  const { kind, image } = subject;
  let driver: Driver;
  let clients: ContainerClient[];
  let count = 0;

  beforeEach(() => {
    driver = subject.open();
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await driver.close();
    expect(await subject.left()).toEqual([]);
  });
  afterAll(async () => expect(await subject.left()).toEqual([]));

  const create = (memory = 256, env: Record<string, string> = {}): Promise<Container> =>
    driver.create({
      name: `wsktest${process.pid}_${++count}`,
      kind,
      image,
      memory,
      env,
      labels: { 'miniwhisk.test': 'contract' },
      cpuShares: 2,
    });

  const connect = (container: Container): ContainerClient => {
    const client = new ContainerClient(container.address);
    clients.push(client);
    void container.exited.then(() => client.close());
    return client;
  };

  const start = async (code: string, memory?: number, env?: Record<string, string>): Promise<Running> => {
    const container = await create(memory, env);
    const logs = new LogCollector(container, { sentinels: true });
    const client = connect(container);
    logs.begin(MB);
    expect(await client.init(initBody(code), INIT_LIMIT)).toMatchObject({ kind: 'response', status: 200 });
    return { container, client, logs };
  };

  const reply = async (client: ContainerClient, value: object = {}): Promise<unknown> => {
    const result = await client.run(runBody(value), RUN_LIMIT);
    if (result.kind !== 'response') throw new Error(`no response: ${JSON.stringify(result)}`);
    return JSON.parse(result.body.toString());
  };

  it('says that it can serve a kind it has', async () => {
    expect(await driver.available(kind, image)).toMatchObject({ usable: true });
  });

  it('says why it cannot serve one it has not, and creates nothing', async () => {
    const { missing } = subject;
    const answer = await driver.available(missing.kind, missing.image);
    expect(answer).toMatchObject({ usable: false, reason: expect.stringMatching(missing.reason) });
    const spec = { name: 'wsktest_none', memory: 128, env: {}, labels: {}, cpuShares: 2, ...missing };
    await expect(driver.create(spec)).rejects.toThrow(missing.reason);
    expect(await subject.left()).toEqual([]);
  });

  it('runs an action, and tells its output apart run by run', async () => {
    const { client, logs } = await start(
      'function main({ n }) { console.log("out", n); console.error("err", n); return { n: n + 1 }; }',
    );
    for (let n = 0; n < 3; n++) {
      expect(await reply(client, { n })).toEqual({ n: n + 1 });
      const { lines, failed } = await logs.collect({ strict: true });
      expect(failed).toBe(false);
      expect(lines.map(line => line.slice(31)).sort()).toEqual([`stderr: err ${n}`, `stdout: out ${n}`]);
      logs.begin(MB);
    }
  });

  it('gives the environment it was told, and none of the server', async () => {
    process.env['MINIWHISK_TEST_SECRET'] = 'do not tell';
    try {
      const { client } = await start('function main() { return { env: process.env }; }', 256, {
        __OW_API_HOST: 'http://host:1',
      });
      const { env } = (await reply(client)) as { env: Record<string, string> };
      expect(env['__OW_API_HOST']).toBe('http://host:1');
      expect(JSON.stringify(env)).not.toContain('do not tell');
      expect(Object.keys(env).filter(name => name.startsWith('MINIWHISK_'))).toEqual([]);
    } finally {
      delete process.env['MINIWHISK_TEST_SECRET'];
    }
  });

  it('keeps what was printed before somebody listens', async () => {
    const container = await create();
    const client = connect(container);
    const code = 'console.log("while loading"); function main() { return {}; }';
    expect(await client.init(initBody(code), INIT_LIMIT)).toMatchObject({ status: 200 });
    const logs = new LogCollector(container, { sentinels: true });
    logs.begin(MB);
    expect(await reply(client)).toEqual({});
    const { lines } = await logs.collect({ strict: true });
    expect(lines.map(line => line.slice(31))).toEqual(['stdout: while loading']);
  });

  it('stands still while paused, and goes on when resumed; or refuses to pause, and goes on', async () => {
    const { container, client } = await start('function main({ n }) { return { n }; }');
    expect(await reply(client, { n: 1 })).toEqual({ n: 1 });
    if (!driver.canPause) {
      await expect(container.pause()).rejects.toThrow('cannot be paused');
      await expect(container.resume()).rejects.toThrow('cannot be paused');
      expect(await subject.isPaused(container)).toBe(false);
      expect(await reply(client, { n: 2 })).toEqual({ n: 2 });
      return;
    }
    for (const n of [2, 3]) {
      await container.pause();
      await container.pause();
      await expect.poll(() => subject.isPaused(container)).toBe(true);
      const waiting = reply(client, { n });
      await container.resume();
      await container.resume();
      await expect.poll(() => subject.isPaused(container)).toBe(false);
      expect(await waiting).toEqual({ n });
    }
  });

  it('removes a container, one that is paused where they can be, at any number of calls', async () => {
    const { container } = await start('function main() { return {}; }');
    if (driver.canPause) await container.pause();
    await Promise.all([container.remove(), container.remove()]);
    await container.remove();
    expect(await container.exited).toMatchObject({ outOfMemory: false });
    expect(await subject.left()).toEqual([]);
  });

  it('notices that a container ended by itself while idle, and with which code', async () => {
    const { container, client } = await start('function main() { setTimeout(() => process.exit(3), 50); return {}; }');
    expect(await reply(client)).toEqual({});
    expect(await container.exited).toEqual({ code: 3, outOfMemory: false });
    await container.remove();
  });

  it('ends the call, and delivers the last output, of one that ends while it runs', async () => {
    const { container, client, logs } = await start('function main() { console.log("last words"); process.exit(1); }');
    const result = await client.run(runBody({}), RUN_LIMIT);
    expect(result).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(await container.exited).toEqual({ code: 1, outOfMemory: false });
    const { lines } = await logs.collect({ strict: false });
    expect(lines.map(line => line.slice(31))).toEqual(['stdout: last words']);
  });

  it('notices one that was killed behind its back', async () => {
    const { container } = await start('function main() { return {}; }');
    await subject.kill(container);
    expect(await container.exited).toMatchObject({ outOfMemory: false });
    await container.remove();
    await container.remove();
  });

  it('ends one that takes more memory than it may, and says so', async () => {
    const { container, client } = await start(
      `async function main() {
        const hoard = [];
        for (;;) { hoard.push(Buffer.alloc(4e6, 1)); await new Promise(next => setTimeout(next, 5)); }
      }`,
      128,
    );
    expect(await client.run(runBody({}), RUN_LIMIT)).toMatchObject({ kind: 'connection', beforeSent: false });
    expect(await container.exited).toMatchObject({ outOfMemory: true });
  });

  it('passes on a gigabyte of output without holding it', { timeout: 300_000 }, async () => {
    const { client, logs } = await start(
      `async function main() {
        const block = ('x'.repeat(127) + '\\n').repeat(8192);
        for (let i = 0; i < 1024; i++) {
          if (!process.stdout.write(block)) await new Promise(next => process.stdout.once('drain', next));
        }
        return { done: true };
      }`,
    );
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const result = await client.run(runBody({}), 280_000);
    clearInterval(watch);
    expect(result).toMatchObject({ kind: 'response', status: 200 });
    expect((peak - before) / MB).toBeLessThan(200);
    const { lines, failed } = await logs.collect({ strict: true });
    expect(failed).toBe(false);
    expect(lines.at(-1)).toContain('Logs were truncated because the total bytes size exceeds the limit');
    expect(lines.join('\n').length).toBeLessThan(MB + 1000);
  });

  it('delivers output as it comes', async () => {
    const container = await create();
    const seen: string[] = [];
    let heard: () => void = () => {};
    const first = new Promise<void>(resolve => {
      heard = resolve;
    });
    const listener: OutputListener = (_stream, chunk) => {
      seen.push(chunk.toString());
      heard();
    };
    container.onOutput(listener);
    const client = connect(container);
    const code = 'function main() { console.log("early"); return new Promise(done => { globalThis.done = done; }); }';
    await client.init(initBody(code), INIT_LIMIT);
    const running = client.run(runBody({}), RUN_LIMIT);
    await first;
    expect(seen.join('')).toBe('early\n');
    await container.remove();
    expect(await running).toMatchObject({ kind: 'connection', beforeSent: false });
  });

  describe('after its server was killed', () => {
    it('removes what it left, running or paused, and nothing else', async () => {
      const crashed = driver;
      const running = await create();
      const suspended = await create();
      const client = connect(running);
      await client.init(initBody('function main() { return {}; }'), INIT_LIMIT);
      if (crashed.canPause) await suspended.pause();
      const next = subject.open();
      try {
        driver = next;
        const own = await start('function main() { return { own: true }; }');
        expect(await next.sweep()).toBe(2);
        await Promise.all([running.exited, suspended.exited]);
        expect(await reply(own.client)).toEqual({ own: true });
        expect(await next.sweep()).toBe(0);
      } finally {
        await next.close();
        await crashed.close();
        driver = subject.open();
      }
    });
  });

  it('removes every container when it is closed, and makes none after that', async () => {
    const created = await Promise.all([create(), create(), create()]);
    await driver.close();
    await Promise.all(created.map(container => container.exited));
    expect(await subject.left()).toEqual([]);
    await expect(create()).rejects.toThrow(/closed/);
    driver = subject.open();
  });
};
