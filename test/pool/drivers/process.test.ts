import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { ProcessDriver } from '../../../src/pool/drivers/process.js';
import { driverContract } from '../../contract/driver.js';

const root = mkdtempSync(join(tmpdir(), 'mw-'));
const directory = join(root, 'run');
afterAll(() => rmSync(root, { recursive: true }));

/** Files of the instance, and processes that were started in its folder. */
const left = async (): Promise<string[]> => {
  const files = existsSync(directory) ? readdirSync(directory) : [];
  if (process.platform !== 'linux') return files;
  const processes = readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(`TMPDIR=${directory}`);
    } catch {
      return false;
    }
  });
  return [...files, ...processes];
};

describe('process driver', () => {
  driverContract({
    open: () => new ProcessDriver({ directory, environment: process.env }),
    kind: 'nodejs:20',
    image: '',
    missing: { kind: 'cobol:85', image: '', reason: /Kind 'cobol:85' runs only in Docker\. Start a Docker engine\./ },
    kill: async container => {
      process.kill(Number(container.id), 'SIGKILL');
    },
    isPaused: async container => {
      if (process.platform === 'linux') {
        const stat = readFileSync(`/proc/${container.id}/stat`, 'latin1');
        return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
      }
      return execFileSync('ps', ['-o', 'state=', '-p', container.id], { encoding: 'utf8' }).trim().startsWith('T');
    },
    left,
  });
});
