import { afterAll, beforeAll, describe } from 'vitest';
import type { Config } from '../../src/server/start.js';
import { describeDocker } from './docker.js';
import { basic, type HttpOptions, type HttpReply, http } from './http.js';
import { requireImage } from './images.js';
import { eventually, type Rest, restClient } from './rest.js';
import { startTestServer, type TestServer } from './server.js';

/** Answers with its arguments, as JSON. */
export const ECHO = 'function main(args) { return { body: args } }';

/** Answers with what the request's body says under `result`, or fails as it says under `fail`. */
export const SCRIPTED = `function main({ result, fail }) {
  if (fail === 'throw') throw new Error('boom');
  return fail === undefined ? result : { error: fail };
}`;

/** A server with a namespace's web actions. */
export interface WebServer extends TestServer {
  readonly rest: Rest;
  readonly auth: string;
  /** Creates a web action; `extra` are further annotations. Names may have a package, which is created. */
  readonly web: (
    name: string,
    code: string,
    extra?: Record<string, unknown>,
    parameters?: object[],
    limits?: object,
  ) => Promise<void>;
  /** An activation's record, waited for. */
  readonly record: (id: string) => Promise<unknown>;
  /** Calls what stands below `/api/v1/web/`. */
  readonly call: (path: string, options?: HttpOptions) => Promise<HttpReply>;
  /** Calls the action `scripted`, which returns `result`. */
  readonly returned: (extension: string, result: unknown, options?: HttpOptions) => Promise<HttpReply>;
}

export const webServer = async (options: Partial<Config> = {}): Promise<WebServer> => {
  const server = await startTestServer(options);
  const rest = restClient(server.url, server.auth);
  const call = (path: string, given?: HttpOptions): Promise<HttpReply> =>
    http(`${server.url}/api/v1/web/${path}`, given);
  return {
    ...server,
    rest,
    call,
    web: async (name, code, extra = {}, parameters = [], limits = {}) => {
      const [packageName, action] = name.split('/');
      if (action !== undefined) await rest.put(`_/packages/${packageName}?overwrite=true`, {});
      const annotations = Object.entries({ 'web-export': true, ...extra }).map(([key, value]) => ({ key, value }));
      await rest.action(name, code, { annotations, parameters, limits: { memory: 128, ...limits } });
    },
    record: id =>
      eventually(async () => {
        const reply = await rest.get(`_/activations/${id}`);
        return reply.status === 200 ? reply.json : undefined;
      }),
    returned: (extension, result, given = {}) =>
      call(`guest/default/scripted.${extension}`, {
        method: 'POST',
        ...given,
        headers: { 'content-type': 'application/json', ...given.headers },
        body: JSON.stringify({ result }),
      }),
  };
};

/** The same tests over each driver; `server()` is one for them all, `prepare` is run on it before. */
export const overBothDrivers = (
  name: string,
  prepare: (server: WebServer) => Promise<void>,
  tests: (server: () => WebServer) => void,
  options: () => Partial<Config> = () => ({}),
): void => {
  for (const driver of ['process', 'docker'] as const) {
    const suite = driver === 'docker' ? describeDocker : describe;
    suite(`${name}, ${driver} driver`, () => {
      let server: WebServer;
      beforeAll(async () => {
        if (driver === 'docker') await requireImage('nodejs:20');
        server = await webServer({ driver, ...options() });
        await prepare(server);
      }, 300_000);
      afterAll(() => server?.[Symbol.asyncDispose]());
      tests(() => server);
    });
  }
};

export { basic };
