import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineAddress } from '../../src/pool/drivers/docker-host.js';

export interface EngineProxy extends AsyncDisposable {
  /** For `DockerDriverOptions.host`. */
  readonly host: string;
  /** Breaks every connection and refuses new ones, as an engine that stopped. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

/** A socket that leads to the real engine and can be cut. */
export const startEngineProxy = async (): Promise<EngineProxy> => {
  const target = engineAddress(undefined);
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const restore = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, near => {
      const far = createConnection({ path: (target as { socketPath: string }).socketPath, allowHalfOpen: true });
      keep(near, far);
      keep(far, near);
      near.pipe(far).pipe(near);
    });
    await new Promise<void>(resolve => server?.listen(path, resolve));
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise(resolve => server?.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await restore();
  return {
    host: `unix://${path}`,
    cut,
    restore,
    [Symbol.asyncDispose]: async () => {
      if (server?.listening) await cut();
      rmSync(folder, { recursive: true });
    },
  };
};
