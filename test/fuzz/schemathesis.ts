import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '4.32.5';

/**
 * The fuzzer's program: `SCHEMATHESIS` names one, else a release of PyPI in a virtual environment of the temporary folder,
 * made once and left there for the next run. Undefined where there is no Python to make it with.
 */
export const schemathesis = async (): Promise<string | undefined> => {
  const { SCHEMATHESIS } = process.env;
  if (SCHEMATHESIS) return SCHEMATHESIS;
  const home = join(tmpdir(), `schemathesis-${VERSION}`);
  const program = join(home, 'bin', 'schemathesis');
  if (existsSync(join(home, 'complete'))) return program;
  try {
    await run('python3', ['-m', 'venv', '--help']);
  } catch {
    return undefined;
  }
  // Marked at the end: nobody finds a half-installed one.
  await rm(home, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', home]);
  const install = ['-m', 'pip', 'install', '--quiet', `schemathesis==${VERSION}`];
  await run(join(home, 'bin', 'python'), install, { timeout: 300_000 });
  await writeFile(join(home, 'complete'), '');
  return program;
};

export interface FuzzReport {
  readonly passed: boolean;
  readonly text: string;
  /** Requests made. */
  readonly cases: number;
}

/** Fuzzes what the document at `location` describes; whatever is no 2xx, 3xx or 4xx, nor an action's own 502, is a failure. */
export const fuzz = async (
  program: string,
  location: string,
  options: { readonly auth: string; readonly config: string; readonly seed: number; readonly cases: number },
): Promise<FuzzReport> => {
  const args = ['--config-file', options.config, 'run', location, '--auth', options.auth, '--no-color'];
  const bounds = ['--seed', String(options.seed), '-n', String(options.cases), '--phases', 'coverage,fuzzing'];
  const checks = ['--checks', 'not_a_server_error', '--continue-on-failure', '--generation-database', 'none'];
  const { stdout, failed } = await run(program, [...args, ...bounds, ...checks], {
    timeout: 280_000,
    maxBuffer: 64 << 20,
    cwd: tmpdir(),
  }).then(
    ({ stdout }) => ({ stdout, failed: false }),
    (error: { stdout?: string; message: string }) => ({ stdout: error.stdout || error.message, failed: true }),
  );
  return { passed: !failed, text: stdout, cases: Number(/(\d+) generated/.exec(stdout)?.[1] ?? 0) };
};
