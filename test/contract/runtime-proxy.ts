import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expandCommand } from '../../src/pool/drivers/process-definition.js';
import { Toolbox } from '../../src/pool/drivers/process-tools.js';
import { docker } from '../support/docker.js';
import { requireImage } from '../support/images.js';

const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX';
const RUNTIMES = fileURLToPath(new URL('../../runtimes/', import.meta.url));

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** undefined when the body is no JSON. */
  readonly body: unknown;
}

type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** A started proxy, spoken to over bare HTTP. */
export class ActionProxy {
  private readonly agent = new http.Agent({ keepAlive: true });
  private readonly chunks = { stdout: '', stderr: '' };
  private readonly watchers = new Set<() => void>();
  /** Connections made so far: kept-alive ones are counted once. */
  connections = 0;
  readonly exited: Promise<void>;

  constructor(
    readonly child: ChildProcess,
    private readonly target: Target,
    /** The folder that the proxy has for temporary files, where the test can see it. */
    readonly folder: string | undefined,
    private readonly end: () => Promise<unknown>,
  ) {
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this.chunks[stream] += text;
        for (const look of this.watchers) look();
      });
    }
    this.exited = new Promise(resolve => child.once('close', () => resolve()));
    child.once('close', () => {
      for (const look of this.watchers) look();
    });
  }

  /** Rejects with the socket's error when the connection breaks. A string is sent as it is; `headers` replace Content-Length. */
  post(pathname: string, body: unknown, headers?: http.OutgoingHttpHeaders): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request({
        ...this.target,
        path: pathname,
        method: 'POST',
        agent: this.agent,
        headers: { 'Content-Type': 'application/json', ...(headers ?? { 'Content-Length': Buffer.byteLength(text) }) },
      });
      request.on('socket', socket => {
        if (socket.connecting) this.connections += 1;
      });
      request.on('error', reject);
      request.on('response', response => {
        const parts: Buffer[] = [];
        response.on('data', part => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(parts).toString('utf8');
          let parsed: unknown;
          try {
            parsed = JSON.parse(answer);
          } catch {
            parsed = undefined;
          }
          resolve({ status: response.statusCode!, headers: response.headers, text: answer, body: parsed });
        });
      });
      request.end(text);
    });
  }

  /** Waits until the proxy accepts a connection. */
  async listening(): Promise<void> {
    for (;;) {
      try {
        await this.post('/nowhere', {});
        this.connections = 0;
        this.agent.destroy();
        return;
      } catch (error) {
        if (this.child.exitCode !== null) throw new Error(`the proxy ended before it listened:\n${this.chunks.stderr}`);
        if (!['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? ''))
          throw error;
        await delay(2);
      }
    }
  }

  init(value: Record<string, unknown>): Promise<Reply> {
    return this.post('/init', { value: { name: 'test', main: 'main', binary: false, ...value } });
  }

  run(value?: unknown, more: Record<string, unknown> = {}): Promise<Reply> {
    return this.post('/run', { ...(value !== undefined && { value }), ...more });
  }

  runWith(headers: http.OutgoingHttpHeaders, value?: unknown): Promise<Reply> {
    const text = JSON.stringify({ ...(value !== undefined && { value }) });
    return this.post('/run', text, { 'Content-Length': Buffer.byteLength(text), ...headers });
  }

  /** Allows it to leave the sentinels out. */
  runQuietly(value?: unknown): Promise<Reply> {
    return this.runWith({ 'X-Miniwhisk-Sentinels': 'optional' }, value);
  }

  /** Everything that came over the stream. */
  output(stream: 'stdout' | 'stderr'): string {
    return this.chunks[stream];
  }

  sentinels(stream: 'stdout' | 'stderr'): number {
    return this.chunks[stream].split('\n').filter(line => line === SENTINEL).length;
  }

  /** What the user's code printed, once both streams hold `count` sentinels, each on a line of its own. */
  async printed(count: number): Promise<{ stdout: string; stderr: string }> {
    await this.until(() => this.sentinels('stdout') >= count && this.sentinels('stderr') >= count);
    const without = (text: string): string => text.replaceAll(`${SENTINEL}\n`, '');
    return { stdout: without(this.chunks.stdout), stderr: without(this.chunks.stderr) };
  }

  /** Resolves when `condition` holds; it is looked at after every output and at the end of the process. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (condition()) resolve();
        else if (this.child.exitCode !== null || this.child.signalCode !== null) reject(new Error('the proxy ended'));
        else return;
        this.watchers.delete(look);
      };
      this.watchers.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.end();
    await this.exited;
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}

export type Launch = (env?: Readonly<Record<string, string>>) => Promise<ActionProxy>;

const passed = Object.fromEntries(
  ['PATH', 'LANG', 'SystemRoot'].flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])),
) as Record<string, string>;
const toolbox = new Toolbox(RUNTIMES, passed);

/** Why a kind cannot run as a process on this machine. Where CI runs everything must be there: then it is a failure. */
export const missingProgram = async (kind: string): Promise<string | undefined> => {
  const tool = await toolbox.find(kind);
  return 'missing' in tool && process.env['CI'] !== 'true' ? tool.missing : undefined;
};

/** Starts the proxy of a kind as a child process, as `process.json` says. `cache` is kept by the caller. */
export const launchProcess =
  (kind: string, cache: string): Launch =>
  async (env = {}) => {
    const tool = await toolbox.find(kind);
    if ('missing' in tool) throw new Error(tool.missing);
    const command = expandCommand(tool.definition, tool.prefix, tool.version, 256);
    const folder = await mkdtemp(path.join(tmpdir(), 'proxy-'));
    const windows = process.platform === 'win32';
    const socketPath = windows ? `\\\\.\\pipe\\proxy-${path.basename(folder)}` : path.join(folder, 'socket');
    const temporary = { TMPDIR: folder, HOME: folder, ...(windows && { TEMP: folder, TMP: folder }) };
    const child = spawn(command.program, command.args, {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: !windows,
      env: {
        ...passed,
        ...command.env,
        ...temporary,
        ...env,
        MINIWHISK_PROXY_LISTEN: socketPath,
        MINIWHISK_PROXY_PARENT: 'stdin',
        MINIWHISK_PROXY_CACHE: cache,
      },
    });
    child.stdin!.on('error', () => {});
    const kill = (): void => {
      try {
        if (windows) child.kill('SIGKILL');
        else process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const proxy = new ActionProxy(child, { socketPath }, folder, async () => kill());
    await proxy.listening();
    return proxy;
  };

/** What a proxy left in its temporary folder, its socket apart. */
export const leftIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter(name => name !== 'socket').sort();

let serial = 0;
/**
 * Starts a container of a kind's image in the foreground, so that both output streams arrive apart. `volume` holds what
 * compiled languages built before, as a docker volume's name.
 */
export const launchDocker =
  (kind: string, volume?: string): Launch =>
  async (env = {}) => {
    const image = await requireImage(kind);
    serial += 1;
    const name = `miniwhisk-contract-${process.pid}-${serial}`;
    const linux = process.platform === 'linux';
    const options = ['--rm', '--name', name, '--memory', '512m', '--log-driver', 'none', '--cap-drop', 'NET_RAW'];
    if (volume)
      options.push('--volume', `${volume}:/var/cache/miniwhisk`, '--env', 'MINIWHISK_PROXY_CACHE=/var/cache/miniwhisk');
    if (!linux) options.push('--publish', '127.0.0.1::8080');
    for (const [key, value] of Object.entries(env)) options.push('--env', `${key}=${value}`);
    const child = spawn('docker', ['run', ...options, image], { stdio: ['ignore', 'pipe', 'pipe'] });
    const format = linux
      ? '{{.NetworkSettings.IPAddress}}:8080'
      : '127.0.0.1:{{(index (index .NetworkSettings.Ports "8080/tcp") 0).HostPort}}';
    let address = '';
    while (!/^[\d.]+:\d+$/.test(address)) {
      if (child.exitCode !== null) throw new Error(`docker run ${image} ended at once`);
      address = await docker('inspect', '--format', format, name).catch(() => '');
      if (address === '') await delay(5);
    }
    const [host, port] = address.split(':') as [string, string];
    const proxy = new ActionProxy(child, { host, port: Number(port) }, undefined, () =>
      docker('rm', '--force', name).catch(() => ''),
    );
    await proxy.listening();
    return proxy;
  };
