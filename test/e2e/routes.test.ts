import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entity, http, query } from '../../src/messages.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Every route, method and parameter of OPENWHISK.md 1.8. What the resources mean is in the tests beside. */
let server: TestServer;
let rest: Rest;
let ns: string;
let activation: string;

const ECHO = 'function main(args) { return args }';
const COLLECTIONS = ['actions', 'triggers', 'rules', 'packages', 'activations'] as const;
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};
const notFound = (reply: Reply): void => fails(reply, 404, http.noRoute);

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  for (const name of ['rt-a', 'rt-b']) {
    await rest.action(name, ECHO);
    await rest.put(`_/triggers/${name}-t?overwrite=true`, {});
    await rest.put(`_/rules/${name}-r?overwrite=true`, { trigger: '/_/rt-a-t', action: '/_/rt-a' });
    await rest.put(`_/packages/${name}-p?overwrite=true`, {});
    await rest.action(`rt-a-p/${name}`, ECHO);
  }
  for (let i = 0; i < 3; i++) activation = (await rest.post('_/actions/rt-a?blocking=true', {})).json.activationId;
  await eventually(async () => ((await rest.get(`_/activations/${activation}`)).status === 200 ? true : undefined));
});
afterAll(() => server[Symbol.asyncDispose]());

describe('namespaces', () => {
  it('are the own one', async () => {
    for (const path of ['/api/v1/namespaces', '/api/v1/namespaces/']) expect((await rest.get(path)).json).toEqual([ns]);
    for (const path of [ns, `${ns}/`, '_', '_/']) notFound(await rest.get(path));
    for (const method of ['PUT', 'POST', 'DELETE']) notFound(await rest.request(method, '/api/v1/namespaces'));
  });
});

describe.each(COLLECTIONS)('the list of %s', collection => {
  it('has a slash or not, the own namespace by name or by _', async () => {
    const { json } = await rest.get(`_/${collection}`);
    expect(json.length).toBeGreaterThanOrEqual(2);
    for (const path of [`_/${collection}/`, `${ns}/${collection}`, `${ns}/${collection}/`]) {
      expect((await rest.get(path)).json).toEqual(json);
    }
  });

  it('is paged by limit and skip, and counted', async () => {
    const all = (await rest.get(`_/${collection}?limit=200`)).json;
    expect((await rest.get(`_/${collection}?limit=0`)).json).toEqual(all);
    expect((await rest.get(`_/${collection}?limit=1&skip=1`)).json).toEqual(all.slice(1, 2));
    expect((await rest.get(`_/${collection}?limit=+1&skip=+0`)).status).toBe(400);
    expect((await rest.get(`_/${collection}?skip=100000`)).json).toEqual([]);
    const { [collection]: n } = (await rest.get(`_/${collection}?count=true`)).json;
    expect(n).toBeGreaterThanOrEqual(all.length);
    expect((await rest.get(`_/${collection}?count=true&limit=1&skip=1`)).json).toEqual({ [collection]: n - 1 });
    expect((await rest.get(`_/${collection}?count=true&skip=100000`)).json).toEqual({ [collection]: 0 });
    expect((await rest.get(`_/${collection}?count=false&limit=1`)).json).toHaveLength(1);
  });

  it('refuses bad values', async () => {
    const bad = async (name: string, value: string, detail: string): Promise<void> =>
      fails(await rest.get(`_/${collection}?${name}=${value}`), 400, http.badQuery(name, detail));
    for (const value of ['x', '', '1.5', '99999999999']) {
      await bad('limit', value, query.notInteger(value, collection));
      await bad('skip', value, query.notInteger(value, collection));
    }
    await bad('limit', '201', query.notInRange('201', 0, 200, collection));
    await bad('limit', '-1', query.notInRange('-1', 0, 200, collection));
    await bad('skip', '-1', query.tooSmall('-1', 0, collection));
    await bad('count', 'Maybe', http.badBoolean('maybe'));
  });

  it('has no other method', async () => {
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
      notFound(await rest.request(method, `_/${collection}`, { body: {} }));
    }
  });
});

describe('an action', () => {
  it('GET: code', async () => {
    for (const [code, has] of [
      ['', true],
      ['?code=true', true],
      ['?code=', true],
      ['?code=false', false],
      ['?code=No', false],
    ] as const) {
      for (const name of ['rt-a', 'rt-a-p/rt-a']) {
        expect('code' in (await rest.get(`_/actions/${name}${code}`)).json.exec).toBe(has);
      }
    }
    fails(await rest.get('_/actions/rt-a?code=x'), 400, http.badQuery('code', http.badBoolean('x')));
  });

  it('PUT: overwrite; DELETE', async () => {
    for (const name of ['rt-new', 'rt-a-p/rt-new']) {
      await rest.delete(`_/actions/${name}`);
      const put = (parameter: string): Promise<Reply> =>
        rest.put(`_/actions/${name}${parameter}`, { exec: { kind: 'nodejs:20', code: ECHO } });
      expect((await put('?overwrite=false')).status).toBe(200);
      for (const no of ['', '?overwrite=', '?overwrite=off', '?overwrite=0']) fails(await put(no), 409, entity.exists);
      for (const yes of ['true', 'YES', 'on', '1']) expect((await put(`?overwrite=${yes}`)).status).toBe(200);
      expect((await rest.delete(`_/actions/${name}`)).json.version).toBe('0.0.5');
      expect((await rest.delete(`_/actions/${name}`)).status).toBe(404);
    }
  });

  it('POST: blocking, result, timeout', async () => {
    for (const path of [`_/actions/rt-a`, `${ns}/actions/rt-a`, '_/actions/rt-a-p/rt-a']) {
      const accepted = await rest.post(`${path}?result=true&timeout=1`, {});
      expect([accepted.status, Object.keys(accepted.json)]).toEqual([202, ['activationId']]);
      const whole = await rest.post(`${path}?blocking=true&timeout=60000`, { a: 1 });
      expect([whole.status, whole.json.response.result]).toEqual([200, { a: 1 }]);
      expect(whole.headers.get('x-openwhisk-activation-id')).toBe(whole.json.activationId);
      expect((await rest.post(`${path}?blocking=1&result=on`, { a: 1 })).json).toEqual({ a: 1 });
      expect((await rest.post(`${path}?blocking=true&result=true`)).json).toEqual({});
    }
    for (const timeout of ['0', '-1', '60001', 'x', '']) {
      fails(
        await rest.post(`_/actions/rt-a?timeout=${timeout}`, {}),
        400,
        http.badQuery('timeout', query.badTimeout(60_000)),
      );
    }
    for (const name of ['blocking', 'result']) {
      fails(await rest.post(`_/actions/rt-a?${name}=x`, {}), 400, http.badQuery(name, http.badBoolean('x')));
    }
  });

  it('GET of a package with a slash: a list of its actions', async () => {
    const names = async (parameters = ''): Promise<string[]> =>
      (await rest.get(`_/actions/rt-a-p/${parameters}`)).json.map((a: { name: string }) => a.name);
    expect((await names()).sort()).toEqual(['rt-a', 'rt-b']);
    expect(await names('?limit=1')).toHaveLength(1);
    expect(await names('?skip=2')).toEqual([]);
    expect((await rest.get('_/actions/rt-a-p/?count=true')).json).toEqual({ actions: 2 });
    expect((await rest.get('_/actions/rt-b-p/')).json).toEqual([]);
    for (const method of ['PUT', 'POST', 'DELETE'])
      notFound(await rest.request(method, '_/actions/rt-a-p/', { body: {} }));
  });
});

describe.each(['triggers', 'rules', 'packages'] as const)('one of %s', collection => {
  it('PUT: overwrite; GET; DELETE', async () => {
    const body = collection === 'rules' ? { trigger: '/_/rt-a-t', action: '/_/rt-a' } : {};
    const path = `_/${collection}/rt-one`;
    await rest.delete(path);
    expect((await rest.put(path, body)).status).toBe(200);
    fails(await rest.put(`${path}?overwrite=no`, body), 409, entity.exists);
    fails(await rest.put(`${path}?overwrite=x`, body), 400, http.badQuery('overwrite', http.badBoolean('x')));
    expect((await rest.put(`${path}?overwrite=true`, body)).json.version).toBe('0.0.2');
    expect((await rest.get(`${ns}/${collection}/rt-one`)).json.version).toBe('0.0.2');
    expect((await rest.delete(path)).json).toMatchObject({ namespace: ns, name: 'rt-one' });
    expect((await rest.get(path)).status).toBe(404);
    notFound(await rest.get(`${path}/more`));
    notFound(await rest.get(`${path}/`));
    notFound(await rest.request('PATCH', path, { body: {} }));
  });
});

describe('the rest', () => {
  it('POST of a trigger, a rule; a package has none', async () => {
    expect((await rest.post('_/rules/rt-b-r', { status: 'inactive' })).text).toBe('OK');
    expect((await rest.post('_/triggers/rt-b-t', {})).status).toBe(204);
    expect((await rest.post('_/triggers/rt-a-t', {})).status).toBe(202);
    notFound(await rest.post('_/packages/rt-a-p', {}));
    notFound(await rest.post('_/packages/refresh'));
  });

  it('packages: public is ignored, force is boolean', async () => {
    expect((await rest.get('_/packages?public=true')).json).toEqual((await rest.get('_/packages')).json);
    const bad = await rest.delete('_/packages/rt-a-p?force=x');
    fails(bad, 400, http.badQuery('force', http.badBoolean('x')));
  });

  it('an activation: record, result, logs', async () => {
    const record = await rest.get(`_/activations/${activation}`);
    expect((await rest.get(`${ns}/activations/${activation}/`)).json).toEqual(record.json);
    expect((await rest.get(`_/activations/${activation}/result`)).json).toEqual(record.json.response);
    expect((await rest.get(`_/activations/${activation}/logs`)).json).toEqual({ logs: record.json.logs });
    for (const inner of ['result/', 'logs/', 'other']) notFound(await rest.get(`_/activations/${activation}/${inner}`));
    for (const method of ['PUT', 'POST', 'DELETE']) {
      notFound(await rest.request(method, `_/activations/${activation}`, { body: {} }));
    }
  });

  it('limits', async () => {
    const { json } = await rest.get('_/limits');
    expect((await rest.get(`${ns}/limits/`)).json).toEqual(json);
    fails(await rest.get('_/limits/inner'), 400, entity.limitsInner);
    for (const method of ['PUT', 'POST', 'DELETE']) notFound(await rest.request(method, '_/limits', { body: {} }));
  });

  it('HEAD is no GET, OPTIONS needs nobody', async () => {
    for (const path of ['_/actions', '_/actions/rt-a', '/api/v1/namespaces']) {
      const head = await rest.request('HEAD', path);
      expect([head.status, head.text, Number(head.headers.get('content-length')) > 0]).toEqual([404, '', true]);
    }
    for (const path of [...COLLECTIONS.map(c => `_/${c}`), '_/actions/a/b/c', '_/limits', '/api/v1/nope']) {
      for (const auth of [null, 'wrong:key', server.auth]) {
        const reply = await rest.request('OPTIONS', path, { auth });
        expect([reply.status, reply.text]).toEqual([200, 'OK']);
        expect(reply.headers.get('access-control-allow-origin')).toBe('*');
        expect(reply.headers.get('access-control-allow-headers')).toBe(
          'Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent',
        );
      }
    }
    const outside = await rest.request('OPTIONS', '/ping', { auth: null });
    expect(outside.headers.get('access-control-allow-methods')).toBe('OPTIONS, GET, POST');
  });

  it('a client that takes no JSON gets 406, when what it asked for is done; errors it gets as they are', async () => {
    const headers = { accept: 'text/plain' };
    const text = http.notAcceptable('application/json');
    await rest.delete('_/triggers/rt-accept');
    const put = await rest.put('_/triggers/rt-accept', {}, { headers });
    fails(put, 406, text);
    expect(put.headers.get('access-control-allow-origin')).toBeNull();
    expect((await rest.get('_/triggers/rt-accept')).status).toBe(200);
    for (const path of [
      '_/actions',
      '_/actions/rt-a',
      '_/limits',
      '/api/v1/namespaces',
      `_/activations/${activation}`,
    ]) {
      fails(await rest.get(path, { headers }), 406, text);
    }
    const accepted = await rest.post('_/actions/rt-a', {}, { headers });
    fails(accepted, 406, text);
    expect(accepted.headers.get('x-openwhisk-activation-id')).toBeNull();
    expect((await rest.get('_/actions/rt-none', { headers })).status).toBe(404);
    expect((await rest.post('_/rules/rt-b-r', { status: 'inactive' }, { headers })).text).toBe('OK');
    for (const accept of [
      '*/*',
      'application/*',
      'text/plain, application/json;q=0.1',
      'application/json; charset=utf-8',
    ]) {
      expect((await rest.get('_/actions', { headers: { accept } })).status).toBe(200);
    }
  });

  it('CORS headers are on what handlers answer, errors too, and not on refusals', async () => {
    const allowed = (reply: Reply): string | null => reply.headers.get('access-control-allow-origin');
    expect(allowed(await rest.get('_/actions'))).toBe('*');
    expect(allowed(await rest.get('_/actions/rt-none'))).toBe('*');
    expect(allowed(await rest.get('/api/v1', { auth: null }))).toBe('*');
    expect(allowed(await rest.get('/api/v1/api-docs', { auth: null }))).toBe('*');
    expect(allowed(await rest.get('_/actions?limit=x'))).toBeNull();
    expect(allowed(await rest.get('_/actions', { auth: null }))).toBeNull();
    expect(allowed(await rest.get('/api/v1/nope'))).toBeNull();
    expect(allowed(await rest.get('/', { auth: null }))).toBeNull();
  });
});
