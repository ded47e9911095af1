import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverName } from './case.js';
import { Connection, type Reply, request, type Target } from './load.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT = 30_000;

export const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Waits until `condition` holds, looking every few ms; throws after `limit` ms. */
export const until = async (condition: () => boolean | Promise<boolean>, limit = LIMIT, every = 5): Promise<void> => {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > limit) throw new Error(`the condition did not hold within ${limit} ms`);
    await wait(every);
  }
};

/** An OpenWhisk to measure: a miniwhisk of this benchmark's own, or the one that OW_APIHOST and OW_AUTH name. */
export class Server {
  private readonly connection: Connection;
  private readonly headers: Record<string, string>;
  private names = 0;

  constructor(
    readonly target: Target,
    auth: string,
    /** Undefined when it is not ours. */
    readonly pid: number | undefined,
    readonly startMs: number,
    private readonly onStop: () => Promise<void>,
  ) {
    this.connection = new Connection(target);
    this.headers = { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  }

  build(method: string, path: string, body?: object): Buffer {
    return request(method, `/api/v1/${path}`, body && JSON.stringify(body), this.headers);
  }

  send(method: string, path: string, body?: object): Promise<Reply> {
    return this.connection.request(this.build(method, path, body));
  }

  /** GET of a path outside of the API. */
  get(path: string): Promise<Reply> {
    return this.connection.request(request('GET', path, undefined, this.headers));
  }

  /** Creates an action under a fresh name. */
  async action(code: string, { memory = 256, kind = 'nodejs:20' } = {}): Promise<string> {
    const name = `bench${process.pid}_${this.names++}`;
    const body = { exec: { kind, code }, limits: { memory, timeout: 60_000 } };
    const { status, body: reply } = await this.send('PUT', `namespaces/_/actions/${name}`, body);
    if (status !== 200) throw new Error(`action not created: ${status} ${reply}`);
    return name;
  }

  /** The bytes of a call. */
  call(action: string, blocking = true, args: object = {}): Buffer {
    return this.build('POST', `namespaces/_/actions/${action}?blocking=${blocking}`, args);
  }

  /** Calls once, checks success and resolves to the time it took, in ms. */
  async invoke(action: string, args: object = {}): Promise<number> {
    const bytes = this.call(action, true, args);
    const before = performance.now();
    const { status, body } = await this.connection.request(bytes);
    const took = performance.now() - before;
    if (status !== 200) throw new Error(`call failed: ${status} ${body.toString('utf8', 0, 300)}`);
    return took;
  }

  async stop(): Promise<void> {
    this.connection.close();
    await this.onStop();
  }
}

const elsewhere = (): Server | undefined => {
  const { OW_APIHOST: host, OW_AUTH: auth } = process.env;
  if (!host || !auth) return undefined;
  const url = new URL(host.includes('://') ? host : `https://${host}`);
  const tls = url.protocol === 'https:';
  const target = { host: url.hostname, port: Number(url.port || (tls ? 443 : 80)), tls };
  return new Server(target, auth, undefined, 0, async () => undefined);
};

export interface ServerOptions {
  readonly driver: DriverName;
  /** Further flags of `miniwhisk start`. */
  readonly flags?: readonly string[];
}

/** Starts `bin/miniwhisk.js` as a process of its own, with a data dir on disk, and waits until it answers. */
export const startServer = async ({ driver, flags = [] }: ServerOptions): Promise<Server> => {
  const other = elsewhere();
  if (other) return other;
  const dir = mkdtempSync(join(tmpdir(), 'miniwhisk-bench-'));
  const ready = join(dir, 'ready.json');
  const args = ['--port', '0', '--data-dir', join(dir, 'data'), '--ready-file', ready, '--driver', driver];
  const manifest = ['--manifest', join(root, 'runtimes', 'runtimes.local.json')];
  const before = performance.now();
  const child = spawn(process.execPath, [join(root, 'bin', 'miniwhisk.js'), ...args, ...manifest, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await until(() => existsSync(ready) || child.exitCode !== null, LIMIT, 2);
    if (child.exitCode !== null) throw new Error('the server ended');
  } catch (error) {
    await stop();
    throw error;
  }
  const { url, auth, pid } = JSON.parse(readFileSync(ready, 'utf8')) as { url: string; auth: string; pid: number };
  const { hostname, port } = new URL(url);
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  return new Server(target, auth, pid, performance.now() - before, stop);
};

/** Starts a server, measures on it, stops it. */
export const withServer = async <T>(options: ServerOptions, use: (server: Server) => Promise<T>): Promise<T> => {
  const server = await startServer(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
};
