import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { action, defaultText, entity, http, names, query } from '../../src/messages.js';
import { type RequestOptions, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

let server: TestServer;
let rest: Rest;

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  await rest.action('there', 'function main() { return {} }');
});
afterAll(() => server[Symbol.asyncDispose]());

const code = { exec: { kind: 'nodejs:20', code: 'x' } };
const MAX = 1048576;
const big = 'x'.repeat(MAX + 1);
const wrongKey = `23bc46b1-71f6-4ed5-8c54-816aa4f8c502:${'x'.repeat(64)}`;

type Row = [
  name: string,
  method: string,
  path: string,
  options: RequestOptions,
  status: number,
  error: string | RegExp,
];

const rows: Row[] = [
  ['no credentials', 'GET', '_/actions', { auth: null }, 401, http.authMissing],
  ['another scheme', 'GET', '_/actions', { auth: null, headers: { authorization: 'Bearer x' } }, 401, http.authMissing],
  ['a wrong key', 'GET', '_/actions', { auth: wrongKey }, 401, http.authInvalid],
  [
    'an unknown uuid',
    'GET',
    '_/actions',
    { auth: `00000000-71f6-4ed5-8c54-816aa4f8c502:${'x'.repeat(64)}` },
    401,
    http.authInvalid,
  ],
  ['no route under the API', 'GET', '/api/v1/nope', {}, 404, http.noRoute],
  ['no route, no credentials', 'GET', '/api/v1/nope', { auth: null }, 401, http.authMissing],
  ['no route elsewhere', 'GET', '/nope', {}, 405, http.methodNotAllowed('OPTIONS')],
  ['a method no resource has', 'PATCH', '_/actions/there', { body: {} }, 404, http.noRoute],
  ['PUT of a collection', 'PUT', '_/actions', { body: {} }, 404, http.noRoute],
  ['PUT of an activation', 'PUT', `_/activations/${'0'.repeat(32)}`, { body: {} }, 404, http.noRoute],
  ['too many segments', 'GET', '_/actions/a/b/c', {}, 404, http.noRoute],
  [
    'bad JSON',
    'PUT',
    '_/actions/a',
    { body: '{bad' },
    400,
    `The request content was malformed:\nUnexpected character 'b' at input index 1 (line 1, position 2), expected '"':\n{bad\n ^\n`,
  ],
  [
    'an empty body',
    'PUT',
    '_/actions/a',
    { body: '', headers: { 'content-type': 'application/json' } },
    400,
    http.malformed('Unexpected end-of-input at input index 0 (line 1, position 1), expected JSON Value:\n\n^\n'),
  ],
  [
    'a body that is no object',
    'PUT',
    '_/actions/a',
    { body: [] },
    400,
    http.malformed(http.objectExpectedInField('exec')),
  ],
  ['a payload that is no object', 'POST', '_/actions/there', { body: [1] }, 400, http.malformed(http.objectExpected)],
  [
    'another content type',
    'PUT',
    '_/actions/a',
    { body: '{}', headers: { 'content-type': 'text/plain' } },
    415,
    http.unsupportedType('text/plain'),
  ],
  [
    'an unknown kind',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'cobol:1', code: '' } } },
    400,
    /^The request content was malformed:\nThe specified runtime 'cobol:1' is not supported by this platform. Valid values are: '/,
  ],
  [
    'a bare family',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'nodejs', code: '' } } },
    400,
    /The specified runtime 'nodejs' is not supported/,
  ],
  ['no kind', 'PUT', '_/actions/a', { body: { exec: { code: '' } } }, 400, http.malformed(action.kindMissing)],
  ['no exec', 'PUT', '_/actions/a', { body: {} }, 400, action.execUndefined],
  [
    'no code',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'nodejs:20' } } },
    400,
    http.malformed(action.codeMissing('nodejs:20')),
  ],
  [
    'code that is a number',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'nodejs:20', code: 3 } } },
    400,
    http.malformed(action.codeMalformed('3')),
  ],
  [
    'no main where it is required',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'java:8', code: '' } } },
    400,
    http.malformed(action.mainMissing('java:8')),
  ],
  [
    'no image',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'blackbox' } } },
    400,
    http.malformed(action.imageMissing),
  ],
  [
    'a bad image',
    'PUT',
    '_/actions/a',
    { body: { exec: { kind: 'blackbox', image: 'Upper/Case' } } },
    400,
    http.malformed(action.imageMalformed),
  ],
  [
    'parameters as a map',
    'PUT',
    '_/actions/a',
    { body: { ...code, parameters: { a: 1 } } },
    400,
    http.malformed(entity.parametersMalformed),
  ],
  [
    'a bad version',
    'PUT',
    '_/actions/a',
    { body: { ...code, version: 'x' } },
    400,
    http.malformed(entity.versionMalformed),
  ],
  [
    'publish that is no boolean',
    'PUT',
    '_/actions/a',
    { body: { ...code, publish: 'x' } },
    400,
    http.malformed(entity.expectedBoolean('"x"')),
  ],
  ['an illegal name', 'PUT', '_/actions/hi+there', { body: code }, 400, names.illegalEntity],
  ['a name of one space', 'PUT', '_/actions/%20', { body: code }, 400, names.illegalEntity],
  ['a name too long', 'PUT', `_/actions/${'x'.repeat(257)}`, { body: code }, 400, names.entityTooLong(257, 256)],
  ['an illegal namespace', 'GET', '@x/actions', {}, 400, names.illegalNamespace],
  [
    'a payload too large',
    'POST',
    '_/actions/there',
    { body: { big } },
    413,
    /^Request larger than allowed: \d+ > 1048576 bytes\.$/,
  ],
  [
    'a payload too large for nobody',
    'POST',
    '_/actions/missing',
    { body: { big } },
    413,
    /^Request larger than allowed/,
  ],
  [
    'parameters too large',
    'PUT',
    '_/actions/a',
    { body: { ...code, parameters: [{ key: 'k', value: big }] } },
    413,
    entity.tooLarge('parameters', MAX + 4, MAX),
  ],
  [
    'annotations too large',
    'PUT',
    '_/actions/a',
    { body: { ...code, annotations: [{ key: 'k', value: big }] } },
    413,
    /^annotations larger than allowed/,
  ],
  [
    'a limit that is no integer',
    'GET',
    '_/actions?limit=x',
    {},
    400,
    http.badQuery('limit', query.notInteger('x', 'actions')),
  ],
  [
    'a limit too high',
    'GET',
    '_/actions?limit=201',
    {},
    400,
    http.badQuery('limit', query.notInRange('201', 0, 200, 'actions')),
  ],
  [
    'a negative skip',
    'GET',
    '_/activations?skip=-1',
    {},
    400,
    http.badQuery('skip', query.tooSmall('-1', 0, 'activations')),
  ],
  [
    'a bad boolean',
    'PUT',
    '_/actions/a?overwrite=maybe',
    { body: code },
    400,
    http.badQuery('overwrite', http.badBoolean('maybe')),
  ],
  ['a bad time', 'GET', '_/activations?since=x', {}, 400, http.badQuery('since', query.badTime('x'))],
  [
    'a bad name filter',
    'GET',
    '_/activations?name=a/b/c',
    {},
    400,
    http.badQuery('name', query.badNameFilter('a/b/c')),
  ],
  ['docs with count', 'GET', '_/activations?docs=true&count=true', {}, 400, query.docsWithCount],
  [
    'a bad wait',
    'POST',
    '_/actions/there?blocking=true&timeout=60001',
    {},
    400,
    http.badQuery('timeout', query.badTimeout(60000)),
  ],
  ['an id too short', 'GET', '_/activations/abc', {}, 400, names.activationIdLength(3)],
  ['an id in upper case', 'GET', `_/activations/${'A'.repeat(32)}`, {}, 400, names.activationIdIllegal],
  ['an unknown id', 'GET', `_/activations/${'0'.repeat(32)}`, {}, 404, defaultText[404] as string],
  ['a missing action', 'GET', '_/actions/missing', {}, 404, defaultText[404] as string],
  ['an existing action', 'PUT', '_/actions/there', { body: code }, 409, entity.exists],
  ['another collection', 'PUT', '_/triggers/there', { body: {} }, 409, entity.otherCollection],
  ["another's action", 'GET', 'whisk.system/actions/x', {}, 403, entity.forbidden('whisk.system/x')],
  ["another's list", 'GET', 'whisk.system/actions', {}, 403, entity.forbidden('whisk.system')],
  ['inner limits', 'GET', '_/limits/x', {}, 400, entity.limitsInner],
];

describe('a bad request is answered exactly and never with a 500', () => {
  it.each(rows)('%s', async (_name, method, path, options, status, error) => {
    const reply = await rest.request(method, path, options);
    expect(reply.json?.error).toEqual(error instanceof RegExp ? expect.stringMatching(error) : error);
    expect(reply.status).toBe(status);
    expect(reply.json.code).toBe(reply.headers.get('x-request-id'));
    expect(reply.headers.get('content-type')).toBe('application/json');
  });

  it('offers to authenticate', async () => {
    const reply = await rest.get('_/actions', { auth: null });
    expect(reply.headers.get('www-authenticate')).toBe('Basic realm="OpenWhisk secure realm",charset=UTF-8');
  });

  it('gives errors of handlers CORS headers, rejections none', async () => {
    const handled = await rest.get('_/actions/missing');
    const rejected = await rest.get('_/actions?limit=x');
    expect(handled.headers.get('access-control-allow-origin')).toBe('*');
    expect(rejected.headers.get('access-control-allow-origin')).toBeNull();
  });
});
