import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineAddress } from '../../src/pool/drivers/docker-host.js';

/**
 * `slow`: everything comes `ms` later. `reset`: connections are broken. `refuse`: every request is answered 500. `cut`: a
 * reply ends after `bytes`. `stall`: nothing gets through until there is another fault, or none. `gone`: there is no socket.
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'stall' }
  | { readonly kind: 'gone' };

export interface FaultyEngine extends AsyncDisposable {
  /** For `--docker-host`. */
  readonly host: string;
  /** From now on, for connections under way too. */
  set(fault: Fault): void;
}

const BODY = '{"message":"a fault of the test"}';
const REFUSAL = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;

/** A socket that leads to the real engine, through faults. */
export const startFaultyEngine = async (): Promise<FaultyEngine> => {
  const { socketPath } = engineAddress(undefined) as { socketPath: string };
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  let fault: Fault = { kind: 'none' };
  let held: (() => void)[] = [];

  const join2 = (near: Socket, far: Socket): void => {
    let passed = 0;
    const later = (fn: () => void): void => {
      if (fault.kind === 'slow') setTimeout(fn, fault.ms);
      else if (fault.kind === 'stall') held.push(fn);
      else fn();
    };
    near.on('data', chunk => {
      if (fault.kind === 'reset') near.resetAndDestroy();
      else if (fault.kind === 'refuse') near.end(REFUSAL);
      else later(() => far.writable && far.write(chunk));
    });
    far.on('data', chunk => {
      passed += chunk.length;
      if (fault.kind === 'reset') near.resetAndDestroy();
      else if (fault.kind === 'cut' && passed > fault.bytes) {
        near.write(chunk.subarray(0, Math.max(0, chunk.length - (passed - fault.bytes))));
        near.destroy();
      } else later(() => near.writable && near.write(chunk));
    });
    near.on('end', () => later(() => far.end()));
    far.on('end', () => later(() => near.end()));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        sockets.delete(one);
        later(() => setTimeout(() => other.destroy()));
      });
    }
  };

  const server = createServer({ allowHalfOpen: true }, near => {
    if (fault.kind === 'reset') {
      near.on('error', () => {});
      near.destroy();
      return;
    }
    join2(near, createConnection({ path: socketPath, allowHalfOpen: true }));
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    set: next => {
      fault = next;
      if (next.kind === 'gone' && existsSync(path)) renameSync(path, `${path}.gone`);
      if (next.kind !== 'gone' && existsSync(`${path}.gone`)) renameSync(`${path}.gone`, path);
      if (next.kind === 'reset' || next.kind === 'gone') for (const socket of sockets) socket.destroy();
      const now = next.kind === 'stall' ? [] : held;
      if (next.kind !== 'stall') held = [];
      for (const fn of now) fn();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
