import { createConnection, createServer, type Socket } from 'node:net';

export interface StallingProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on connections are taken and stand, and nothing gets through, until `pass`. */
  stall(): void;
  pass(): void;
}

/** A port of this machine that leads to another address, and can be made to hang as a network does that loses everything. */
export const startStallingProxy = async (target: URL): Promise<StallingProxy> => {
  const sockets = new Set<Socket>();
  let stalled = false;
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', chunk => other.writable && other.write(chunk));
    socket.once('end', () => other.end());
    socket.once('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
    if (stalled) socket.pause();
  };
  const server = createServer(near => {
    const far = createConnection({ host: target.hostname, port: Number(target.port) });
    keep(near, far);
    keep(far, near);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    pass: () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
