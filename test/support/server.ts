import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultSubjects } from '../../src/server/defaults.js';
import { type Config, startServer } from '../../src/server/start.js';

export const localManifest = fileURLToPath(new URL('../../runtimes/runtimes.local.json', import.meta.url));

const [systemNamespace] = (defaultSubjects[1] as (typeof defaultSubjects)[number]).namespaces;
const systemAuth = `${systemNamespace?.uuid}:${systemNamespace?.key}`;

/** A server under test: where it is and whose key to use. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly auth: string;
  /** The key of another namespace's; undefined where none is known. */
  readonly other: string | undefined;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/**
 * A server of the test's own: free port, data dir of its own, process driver unless said otherwise. Disposing it stops it
 * and removes the data dir.
 */
export const startTestServer = async (options: Partial<Config> = {}): Promise<TestServer> => {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'mw-')));
  const clear = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const server = await startServer({
    port: 0,
    dataDir,
    driver: 'process',
    manifest: localManifest,
    logLevel: 'silent',
    prewarm: false,
    eager: false,
    poolMemory: 2048,
    ...options,
  }).catch(async error => {
    await clear();
    throw error;
  });
  return {
    url: server.url,
    auth: server.auth,
    other: systemAuth,
    dataDir,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await clear();
    },
  };
};

/**
 * The server that `OW_APIHOST` and `OW_AUTH` name, or one of the test's own. `OW_AUTH_OTHER` may hold the key of a second
 * namespace.
 */
export const targetServer = async (options: Partial<Config> = {}): Promise<TestServer> => {
  const { OW_APIHOST: host, OW_AUTH: auth, OW_AUTH_OTHER: other } = process.env;
  if (!host || !auth) return startTestServer(options);
  const url = host.includes('://') ? host : `https://${host}`;
  return { url, auth, other, dataDir: '', stop: async () => {}, [Symbol.asyncDispose]: async () => {} };
};
