import { createServer } from 'node:http';

/** What actions told while they ran, from outside of the server: which activation ran, how often, in which process. */
export interface Witness extends AsyncDisposable {
  /** Runs by activation id. */
  readonly runs: ReadonlyMap<string, number>;
  readonly pids: ReadonlySet<number>;
  readonly port: number;
}

/** Listens on all addresses of this machine, so that containers reach it too. */
export const startWitness = async (): Promise<Witness> => {
  const runs = new Map<string, number>();
  const pids = new Set<number>();
  const server = createServer((request, response) => {
    const [, id = '', pid = ''] = (request.url ?? '').split('/');
    runs.set(id, (runs.get(id) ?? 0) + 1);
    if (Number(pid) > 1) pids.add(Number(pid));
    response.end();
  });
  await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as { port: number };
  return {
    runs,
    pids,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
};
