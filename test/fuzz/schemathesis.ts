import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The fuzzer's program: what `SCHEMATHESIS` names, else the one on PATH. Undefined where there is none; `.ci/run` installs
 * requirements.txt in a virtual environment.
 */
export const schemathesis = async (): Promise<string | undefined> => {
  const { SCHEMATHESIS: program = 'schemathesis' } = process.env;
  try {
    await run(program, ['--version'], { timeout: 60_000 });
    return program;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
    timeout: 580_000,
    maxBuffer: 64 << 20,
    cwd: tmpdir(),
  }).then(
    ({ stdout }) => ({ stdout, failed: false }),
    (error: { stdout?: string; message: string }) => ({ stdout: error.stdout || error.message, failed: true }),
  );
  return { passed: !failed, text: stdout, cases: Number(/(\d+) generated/.exec(stdout)?.[1] ?? 0) };
};
