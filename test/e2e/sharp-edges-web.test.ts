import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { action as actionText, defaultText, web as text } from '../../src/messages.js';
import { type Reply, type RequestOptions, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** The sharp edges of web actions, OPENWHISK.md section 11, each by its number. */
let server: TestServer;
let rest: Rest;
let ns: string;

const ECHO = 'function main(args) { return args }';
const publish = (name: string, code: string, extra: Record<string, unknown> = {}): Promise<void> =>
  rest.action(name, code, {
    annotations: Object.entries({ 'web-export': true, ...extra }).map(([key, value]) => ({ key, value })),
  });
const call = (path: string, options: RequestOptions & { method?: string } = {}): Promise<Reply> =>
  rest.request(options.method ?? 'GET', `/api/v1/web/${ns}/default/${path}`, { auth: null, ...options });
/** What the action `given` makes of a result. */
const answered = (result: unknown, extension = 'http'): Promise<Reply> =>
  call(`given.${extension}`, { method: 'POST', body: { result } });

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  await publish('given', 'const main = ({ result }) => result');
  await publish('echoed', ECHO);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('sharp edges of web actions', () => {
  it('35: only a web-export of JSON true shows; a bad extension is a name; bad credentials count as none', async () => {
    for (const hidden of [false, 'true', 1, 'yes']) {
      await publish('hidden', ECHO, { 'web-export': hidden });
      const reply = await call('hidden.json');
      expect([reply.status, reply.json.error]).toEqual([404, defaultText[404]]);
    }
    expect((await call('echoed.pdf')).status).toBe(404);
    await publish('echoed.pdf', 'const main = () => ({ body: "by its name" })');
    expect((await call('echoed.pdf')).text).toBe('by its name');
    const anonymous = await call('echoed.json', { auth: 'no:body' });
    expect([anonymous.status, anonymous.json]).toEqual([200, expect.not.objectContaining({ __ow_user: ns })]);
    expect((await call('echoed.json', { auth: server.auth })).json.__ow_user).toBe(ns);
  });

  it('36: .http: 204 without a body, text/html without a type, bytes from base64, repeated headers, odd codes', async () => {
    const empty = await answered({});
    expect([empty.status, empty.text]).toEqual([204, '']);
    const html = await answered({ body: '<b>hi</b>' });
    expect([html.status, html.headers.get('content-type'), html.text]).toEqual([
      200,
      'text/html; charset=UTF-8',
      '<b>hi</b>',
    ]);
    const bytes = await answered({ headers: { 'content-type': 'image/png' }, body: 'AAEC' });
    expect([bytes.headers.get('content-type'), bytes.text]).toEqual(['image/png', '\u0000\u0001\u0002']);
    const cookies = await answered({ headers: { 'Set-Cookie': ['a=b', 'c=d'] }, body: 'x' });
    expect(cookies.headers.getSetCookie()).toEqual(['a=b', 'c=d']);
    expect((await answered({ statusCode: 444, body: 'x' })).status).toBe(444);
    expect((await answered({ statusCode: '201', body: 'x' })).status).toBe(201);
  });

  it('37: errors go through the transcoder, an array is a 500; a secret is compared as text; OPTIONS needs no auth', async () => {
    expect((await answered({ error: { statusCode: 403, body: 'no' } })).status).toBe(403);
    const plain = await answered({ error: 'text' });
    expect([plain.status, plain.json.error]).toEqual([400, text.notValid('message/http')]);
    expect((await answered([1, 2], 'json')).status).toBe(500);
    await publish('broken', 'function main() { throw new Error("boom") }');
    const broken = await call('broken.json');
    expect([broken.status, broken.json.error]).toEqual([400, text.failed]);
    for (const secret of ['word', 42]) {
      await publish('secret', ECHO, { 'require-whisk-auth': secret });
      const refused = await call('secret.json');
      expect([refused.status, refused.json.error]).toEqual([401, defaultText[401]]);
      const headers = { 'x-require-whisk-auth': String(secret) };
      expect((await call('secret.json', { headers })).status).toBe(200);
      expect((await call('secret.json', { method: 'OPTIONS' })).status).toBe(200);
    }
  });

  it('38: raw: JSON as base64 in __ow_body, the query encoded again, reserved names allowed', async () => {
    await publish('raw', 'const main = body => ({ body })', { 'raw-http': true });
    const reply = await call('raw?a=%2Fx%20y&b=1&b=2&__ow_method=z', { method: 'POST', body: { __ow_user: 1 } });
    expect(reply.status).toBe(200);
    expect(Buffer.from(reply.json.__ow_body, 'base64').toString()).toBe('{"__ow_user":1}');
    expect(reply.json.__ow_query).toBe('a=/x+y&b=1&b=2&__ow_method=z');
    expect(reply.json).not.toHaveProperty('a');
    const cooked = await call('echoed.json?__ow_method=z');
    expect([cooked.status, cooked.json.error]).toEqual([400, actionText.reservedProperties]);
  });
});
