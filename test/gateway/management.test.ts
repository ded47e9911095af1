import { afterAll, describe, expect, test } from 'vitest';
import { createApis } from '../../src/gateway/apis.js';
import { createApi, deleteApi, getApi, type ManagementAction } from '../../src/gateway/management.js';
import { createSubscriptions } from '../../src/gateway/subscriptions.js';
import { mayManage } from '../../src/gateway/tenancy.js';
import type { Identity } from '../../src/invocation/identity.js';
import type { Json, JsonObject } from '../../src/json.js';
import { silentLogger } from '../../src/log.js';
import { gateway as text } from '../../src/messages.js';
import { openStore } from '../../src/store/sqlite.js';
import { FakeClock } from '../support/fake-clock.js';

const store = await openStore({ clock: new FakeClock(), log: silentLogger() });
afterAll(() => store.close());

const uuid = (digit: string): string => `${digit.repeat(8)}-1111-1111-1111-111111111111`;
const identity = (namespace: string, digit: string): Identity =>
  ({ namespace, uuid: uuid(digit) }) as unknown as Identity;
const guest = identity('guest', '1');
const other = identity('other', '2');

const apidoc = (extra: JsonObject = {}): JsonObject => ({
  namespace: '_',
  gatewayBasePath: '/b',
  gatewayPath: '/p',
  gatewayMethod: 'GET',
  action: {
    name: 'hello',
    namespace: '_',
    backendMethod: 'GET',
    backendUrl: 'https://h/api/v1/web/_/default/hello.http',
    authkey: 'u:k',
  },
  ...extra,
});

const setUp = () => {
  const clock = new FakeClock();
  const { documents } = store;
  for (const collection of ['api', 'api-subscription']) {
    for (const { id } of documents.list(collection)) documents.delete(collection, id);
  }
  const parts = { apis: createApis(documents, clock), subscriptions: createSubscriptions(documents) };
  const call = (action: ManagementAction, args: JsonObject, caller: Identity | undefined = guest) =>
    action(parts, { args, caller, origin: 'http://h:1' }) as JsonObject;
  return { documents, clock, parts, call };
};

describe('create', () => {
  test('answers with the whole API, `_` resolved, below the caller’s uuid', () => {
    const { call } = setUp();
    expect(call(createApi, { apidoc: apidoc() })).toMatchObject({
      namespace: 'Not Used',
      gwApiActivated: true,
      tenantId: 'Not Used',
      gwApiUrl: `http://h:1/api/${guest.uuid}/b`,
      apidoc: {
        paths: { '/p': { get: { 'x-openwhisk': { url: 'https://h/api/v1/web/guest/default/hello.json' } } } },
      },
    });
  });

  test.each<[string, Json | undefined]>([
    [text.apidocMissing, undefined],
    [text.apidocMalformed, '{'],
    [text.apidocType('number'), 7],
    [text.apidocField('namespace'), apidoc({ namespace: '' })],
    [text.apidocField('gatewayBasePath'), apidoc({ gatewayBasePath: '' })],
    [text.apidocField('gatewayPath'), apidoc({ gatewayPath: '' })],
    [text.apidocField('gatewayMethod'), apidoc({ gatewayMethod: '' })],
    [text.apidocField('action'), apidoc({ action: null })],
    [text.actionField('backendMethod'), apidoc({ action: { name: 'a' } })],
    [text.actionField('authkey'), apidoc({ action: { ...(apidoc()['action'] as JsonObject), authkey: '' } })],
    [text.swaggerAndBasePath, apidoc({ swagger: '{}' })],
    [text.swaggerMalformed, { namespace: '_', swagger: '{' }],
    [text.swaggerField('basePath'), { namespace: '_', swagger: '{}' }],
    [text.swaggerField('paths'), { namespace: '_', swagger: { basePath: '/b' } }],
    [text.swaggerField('info'), { namespace: '_', swagger: { basePath: '/b', paths: { '/p': {} } } }],
    [text.creationFailed(text.needsHttp), apidoc({ gatewayPath: '/p/{id}', pathParameters: [{ name: 'id' }] })],
  ])('%s', (message, given) => {
    expect(() => setUp().call(createApi, given === undefined ? {} : { apidoc: given })).toThrow(message);
  });

  test('an anonymous caller', () => {
    const { parts } = setUp();
    const call = { args: { apidoc: apidoc() }, caller: undefined, origin: '' };
    expect(() => createApi(parts, call)).toThrow(text.authRequired);
    expect(() => getApi(parts, call)).toThrow(text.invalidAuth);
    expect(() => deleteApi(parts, call)).toThrow(text.invalidAuth);
  });
});

describe('get and delete', () => {
  test('all, by base path, by title; a page of them', () => {
    const { call, clock } = setUp();
    for (const path of ['/a', '/b', '/c']) {
      clock.advance(1);
      call(createApi, { apidoc: apidoc({ gatewayBasePath: path, apiName: `title ${path}` }) });
    }
    const urls = (args: JsonObject) =>
      (call(getApi, args)['apis'] as JsonObject[]).map(a =>
        (a['value'] as JsonObject)['gwApiUrl']?.toString().slice(-2),
      );
    expect(urls({})).toEqual(['/a', '/b', '/c']);
    expect(urls({ basepath: '/b', relpath: '/nope', operation: 'get' })).toEqual(['/b']);
    expect(urls({ basepath: 'title /c' })).toEqual(['/c']);
    expect(urls({ skip: '1', limit: '1' })).toEqual(['/b']);
    expect(urls({ limit: '0' })).toEqual([]);
    expect(urls({ basepath: '/z' })).toEqual([]);
  });

  test('operations one by one, the API with the last of them', () => {
    const { call, parts } = setUp();
    call(createApi, { apidoc: apidoc() });
    call(createApi, { apidoc: apidoc({ gatewayMethod: 'POST' }) });
    expect(call(deleteApi, { basepath: '/b', relpath: '/p', operation: 'GET' })).toEqual({});
    expect(parts.apis.list(guest.uuid)).toHaveLength(1);
    expect(() => call(deleteApi, { basepath: '/b', relpath: '/p', operation: 'GET' })).toThrow(
      text.deletionFailed(text.noOperation('/p', 'get')),
    );
    expect(call(deleteApi, { basepath: '/b', relpath: '/p', operation: 'post' })).toEqual({});
    expect(parts.apis.list(guest.uuid)).toEqual([]);
    expect(() => call(deleteApi, { basepath: '/b' })).toThrow(text.deletionFailed(text.noApi('/b')));
    expect(() => call(deleteApi, {})).toThrow(text.basePathMissing);
    expect(() => call(deleteApi, { basepath: '/b', operation: 'get' })).toThrow(text.pathMissing);
  });

  test('what was kept is there again after a restart', () => {
    const { call, documents, clock, parts } = setUp();
    call(createApi, { apidoc: apidoc() });
    const [api] = parts.apis.list(guest.uuid);
    parts.subscriptions.add(api?.id ?? '', 'me', 'secret');
    const again = createApis(documents, clock);
    expect(again.list(guest.uuid)).toEqual([api]);
    expect(again.find(guest.uuid, ['b', 'p'])?.depth).toBe(2);
    const subscriptions = createSubscriptions(documents);
    expect(subscriptions.allows(api?.id ?? '', 'me', 'secret')).toBe(true);
    expect(subscriptions.allows(api?.id ?? '', 'me', 'wrong')).toBe(false);
    expect(subscriptions.allows(api?.id ?? '', 'me')).toBe(false);
    expect(JSON.stringify(documents.list('api-subscription'))).not.toContain('"secret":"secret"');
  });
});

describe('whose tenant', () => {
  test('another’s uuid as spaceguid means the caller’s own tenant: theirs is neither seen nor touched', () => {
    const { call, parts } = setUp();
    call(createApi, { apidoc: apidoc() });
    const args = { apidoc: apidoc(), spaceguid: guest.uuid, basepath: '/b' };
    expect(call(getApi, args, other)).toEqual({ apis: [] });
    expect(() => call(deleteApi, args, other)).toThrow(text.noApi('/b'));
    expect(call(createApi, args, other)['gwApiUrl']).toBe(`http://h:1/api/${other.uuid}/b`);
    expect(parts.apis.list(guest.uuid)).toHaveLength(1);
  });

  test('a name of one’s own belongs to whoever used it first', () => {
    const { call, parts } = setUp();
    expect(mayManage(parts.apis, 'team', other)).toBe(true);
    call(createApi, { apidoc: apidoc(), spaceguid: 'team' });
    expect(mayManage(parts.apis, 'team', guest)).toBe(true);
    expect(mayManage(parts.apis, 'team', other)).toBe(false);
    expect(mayManage(parts.apis, 'a/b', other)).toBe(false);
  });
});
