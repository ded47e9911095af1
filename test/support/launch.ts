import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { eventually } from './rest.js';
import { localManifest } from './server.js';

let made: string | undefined;

/**
 * The temporary folder of all servers of a test file: what killed ones leave behind goes with it, and a server finds at its
 * next start what the last one left. Made when it is needed: where all tests are skipped, nobody takes it away.
 */
const temporary = (): string => {
  made ??= mkdtempSync(join(tmpdir(), 'mw-tmp-'));
  return made;
};
afterAll(async () => {
  if (made !== undefined) await rm(made, { recursive: true, force: true, maxRetries: 5 });
});

const bin = fileURLToPath(new URL('../../bin/miniwhisk.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line in a process of its own. */
export interface Launched extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Kills it if it still runs, and waits. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
}

export const launch = (
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; bin?: string } = {},
): Launched => {
  const { PATH = '', HOME = '' } = process.env;
  const folder = temporary();
  const child = spawn(process.execPath, [options.bin ?? bin, ...args], {
    env: { PATH, HOME, TMPDIR: folder, TEMP: folder, TMP: folder, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr?.on('data', chunk => {
    stderr += chunk;
  });
  const exit = new Promise<Exit>(resolve => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    child.kill(signal);
    return exit;
  };
  return { child, exit, kill, [Symbol.asyncDispose]: async () => void (await kill()) };
};

export interface Ready {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly auth: string;
}

/** A started server in a process of its own. */
export interface LaunchedServer extends Launched, Ready {}

/** Starts a server on a free port and waits until it is ready; rejects with what it said when it ends before. */
export const launchServer = async (
  args: readonly string[],
  options: Parameters<typeof launch>[1] = {},
): Promise<LaunchedServer> => {
  const dir = await mkdtemp(join(tmpdir(), 'mw-ready-'));
  const file = join(dir, 'ready.json');
  const launched = launch(['--port', '0', '--manifest', localManifest, '--ready-file', file, ...args], options);
  let ended: Exit | undefined;
  void launched.exit.then(exit => {
    ended = exit;
  });
  try {
    const ready = await eventually(() => {
      if (ended) throw new Error(`the server ended: ${ended.stderr}`);
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ready) : undefined;
    }, 30_000);
    return { ...launched, ...ready };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
