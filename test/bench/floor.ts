import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withBare } from './bare.js';
import { type DriverName, NOOP } from './case.js';
import { request, type Target } from './load.js';

/** A server of koa and undici that does nothing but hand requests on, before a hot container: see proxy.ts. */
export interface Floor {
  readonly target: Target;
  readonly pid: number;
}

/** What is sent to it: as long as a call of the server's. */
export const floorBytes = request('POST', '/api/v1/namespaces/_/actions/bench?blocking=true', '{}', {
  Authorization: `Basic ${Buffer.from(`${'0'.repeat(36)}:${'0'.repeat(64)}`).toString('base64')}`,
});

export const withFloor = <T>(driver: DriverName, use: (floor: Floor) => Promise<T>): Promise<T> =>
  withBare(driver, 1, NOOP, async ([container]) => {
    const program = fileURLToPath(new URL('proxy.js', import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(container)], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return await use({ target: { host: '127.0.0.1', port: Number(line.toString()) }, pid: child.pid as number });
    } finally {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    }
  });
