import { execFile, spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/** Whether a Docker engine answers here. Asked once. */
export const dockerAnswers =
  spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000, stdio: 'ignore' }).status ===
  0;

/** Where CI runs the engine must be there: its absence is a failure, not a reason to skip. */
export const dockerExpected = dockerAnswers || process.env['CI'] === 'true';

/** A suite that needs a Docker engine: skipped, by name, where none answers, and never in CI. */
export const describeDocker = (name: string, body: () => void): void => {
  if (dockerExpected) describe(name, body);
  else describe.skip(`${name} (no Docker engine answers)`, body);
};

/** Runs the docker program. Resolves to its standard output, trimmed; rejects with what it said. */
export const docker = (...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('docker', args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`docker ${args[0]}: ${stderr.trim() || error.message}`));
      else resolve(stdout.trim());
    });
  });
