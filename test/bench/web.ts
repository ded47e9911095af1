import { both, type Case, type DriverName, type Figure, NOOP } from './case.js';
import { inTurn, type Turns } from './in-turn.js';
import { type LoadResult, request } from './load.js';
import { type Server, withServer } from './server.js';

/** One client. */
const TURNS: Turns = { each: { count: 400, warmUp: 150 }, rounds: 8 };

/** Makes an action a web action; what it returns goes out as JSON. */
const webAction = async (server: Server): Promise<string> => {
  const name = await server.action(NOOP);
  const annotations = [{ key: 'web-export', value: true }];
  const { status } = await server.send('PUT', `namespaces/_/actions/${name}?overwrite=true`, { annotations });
  if (status !== 200) throw new Error(`no web action: ${status}`);
  await server.invoke(name);
  return name;
};

/** An API of so many routes, GET /pN of one web action, under a tenant of its own name. */
const api = async (server: Server, tenant: string, action: string, routes: number): Promise<void> => {
  const parameters = [{ name: 'id', in: 'path', required: true, type: 'string' }];
  const paths = Object.fromEntries(
    Array.from({ length: routes }, (_, i) => [`/p${i}/{id}`, { parameters, get: { operationId: `get${i}` } }]),
  );
  const target = `http://any/api/v1/web/guest/default/${action}.json`;
  const swagger = {
    swagger: '2.0',
    info: { title: tenant, version: '1' },
    basePath: '/b',
    paths,
    'x-gateway-configuration': { assembly: { execute: [{ invoke: { 'target-url': target, verb: 'keep' } }] } },
  };
  const { status, body } = await server.send('POST', `web/whisk.system/apimgmt/createApi.http?spaceguid=${tenant}`, {
    apidoc: { namespace: '_', swagger },
  });
  if (status !== 200) throw new Error(`no API: ${status} ${body.toString('utf8', 0, 300)}`);
};

const over = (what: string, driver: DriverName, through: LoadResult, under: LoadResult): Figure => {
  const figure = through.p50 - under.p50;
  const met = figure <= 0.2 && through.errors === 0;
  return { what, driver, figure, unit: 'ms', bar: 'at most +0.2 ms', met, ...through, under };
};

export const web: Case = {
  about: 'a web action over its own blocking invocation, a gateway call over the web action; 1 client, p50',
  drivers: both,
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async server => {
      const name = await webAction(server);
      await api(server, 'bench', name, 10);
      const invoke = server.build('POST', `namespaces/_/actions/${name}?blocking=true&result=true`, {});
      const direct = request('GET', `/api/v1/web/guest/default/${name}.json`, undefined);
      const routed = request('GET', '/api/bench/b/p5/x', undefined);
      const targets = [server.target];
      const parties = [invoke, direct, routed].map(bytes => ({ targets, next: () => bytes }));
      const [invoked, called, through] = await inTurn(parties, TURNS);
      return [
        over('web action over its action, p50', driver, called as LoadResult, invoked as LoadResult),
        over('gateway call over its web action, p50', driver, through as LoadResult, called as LoadResult),
      ];
    }),
};

const FEW = 10;
const MANY = 10_000;

export const routes: Case = {
  about: `a gateway call among ${MANY} routes, over one among ${FEW}; 1 client, p50`,
  drivers: ['process'],
  run: driver =>
    withServer({ driver, flags: ['--no-prewarm'] }, async server => {
      const name = await webAction(server);
      await api(server, 'few', name, FEW);
      await api(server, 'many', name, MANY);
      // Every call takes another route.
      const next = (method: string, tenant: string, n: number) => {
        const calls = Array.from({ length: 1000 }, (_, i) =>
          request(method, `/api/${tenant}/b/p${(i * 7919) % n}/x`, undefined),
        );
        let at = 0;
        return (): Buffer => calls[at++ % calls.length] as Buffer;
      };
      const compare = async (what: string, method: string, expect: number): Promise<Figure> => {
        const targets = [server.target];
        const parties = [
          { targets, expect, next: next(method, 'few', FEW) },
          { targets, expect, next: next(method, 'many', MANY) },
        ];
        const [few, many] = await inTurn(parties, TURNS);
        const { p50, errors } = many as LoadResult;
        const under = few as LoadResult;
        const figure = (p50 / under.p50 - 1) * 100;
        const met = figure <= 10 && errors === 0;
        return { what, driver, figure, unit: '%', bar: 'at most +10%', met, ...(many as LoadResult), under };
      };
      return [
        await compare(`gateway call, ${MANY} routes over ${FEW}, p50`, 'GET', 200),
        // A verb no route has: all but the action.
        await compare(`gateway routing alone, ${MANY} routes over ${FEW}, p50`, 'PUT', 404),
      ];
    }),
};
