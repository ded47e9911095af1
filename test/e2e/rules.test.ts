import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultText, entity, http, names, rule as text, trigger as triggerText } from '../../src/messages.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Triggers, rules and firing (OPENWHISK.md 2.4, 2.5, 3.9). */
let server: TestServer;
let rest: Rest;
let ns: string;

const ECHO = 'function main(args) { return args }';
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};
const record = (id: string) =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });
const trigger = (name: string, body: object = {}): Promise<Reply> =>
  rest.put(`_/triggers/${name}?overwrite=true`, body);
const rule = (name: string, to: string, action: string): Promise<Reply> =>
  rest.put(`_/rules/${name}?overwrite=true`, { trigger: `/_/${to}`, action });
const linesOf = (activation: { logs: string[] }) => activation.logs.map(line => JSON.parse(line));

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  const left = await rest.get('_/rules?limit=200');
  for (const { name } of left.json) if (name.startsWith('ru-')) await rest.delete(`_/rules/${name}`);
  const triggers = await rest.get('_/triggers?limit=200');
  for (const { name } of triggers.json) if (name.startsWith('ru-')) await rest.delete(`_/triggers/${name}`);
  await rest.action('ru-echo', ECHO);
  await rest.put('_/packages/ru-pkg?overwrite=true', {});
  await rest.action('ru-pkg/echo', ECHO);
  await rest.put('_/packages/ru-bind?overwrite=true', { binding: { namespace: '_', name: 'ru-pkg' } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a trigger', () => {
  it('has limits {} and its rules, which a client cannot set', async () => {
    const made = await trigger('ru-t', {
      rules: { x: 1 },
      limits: { timeout: 5 },
      parameters: [{ key: 'a', value: 1 }],
    });
    expect(made.json).toMatchObject({ limits: {}, parameters: [{ key: 'a', value: 1 }] });
    expect(made.json).not.toHaveProperty('rules');
    await rule('ru-r', 'ru-t', '/_/ru-pkg/echo');
    const rules = { [`${ns}/ru-r`]: { action: { path: `${ns}/ru-pkg`, name: 'echo' }, status: 'active' } };
    expect((await rest.get('_/triggers/ru-t')).json.rules).toEqual(rules);
    expect((await trigger('ru-t')).json.rules).toEqual(rules);
    const row = (await rest.get('_/triggers')).json.find((t: { name: string }) => t.name === 'ru-t');
    expect(Object.keys(row).sort()).toEqual(['annotations', 'name', 'namespace', 'publish', 'updated', 'version']);
    await rest.delete('_/rules/ru-r');
    expect((await rest.get('_/triggers/ru-t')).json.rules).toEqual({});
  });

  it.each(['/whisk.system/alarms/alarm', 'a', 'a/b/c/d', '//a//'])('takes the feed %s', async feed => {
    await rest.delete('_/triggers/ru-feed');
    expect((await rest.put('_/triggers/ru-feed', { annotations: [{ key: 'feed', value: feed }] })).status).toBe(200);
  });

  it.each([5, '', '!', 'a/!', null])('refuses the feed %j on create', async feed => {
    await rest.delete('_/triggers/ru-feed');
    fails(
      await rest.put('_/triggers/ru-feed', { annotations: [{ key: 'feed', value: feed }] }),
      400,
      triggerText.badFeed,
    );
    await trigger('ru-feed');
    expect((await trigger('ru-feed', { annotations: [{ key: 'feed', value: feed }] })).status).toBe(200);
  });

  it('leaves its rules behind, inactive', async () => {
    await trigger('ru-t');
    await rule('ru-r', 'ru-t', '/_/ru-echo');
    const gone = await rest.delete('_/triggers/ru-t');
    expect(Object.keys(gone.json.rules)).toEqual([`${ns}/ru-r`]);
    expect((await rest.get('_/rules/ru-r')).json.status).toBe('inactive');
    fails(await rest.post('_/rules/ru-r', { status: 'active' }), 404, text.needsTrigger);
    expect((await rest.post('_/rules/ru-r', { status: 'inactive' })).text).toBe('OK');
    expect((await rest.delete('_/rules/ru-r')).json.status).toBe('inactive');
  });
});

describe('a rule', () => {
  it('needs both ends, that are what they should be', async () => {
    await trigger('ru-t');
    const make = (body: object): Promise<Reply> => rest.put('_/rules/ru-new', body);
    const ends = { trigger: '/_/ru-t', action: '/_/ru-echo' };
    fails(await make({}), 400, text.incomplete);
    fails(await make({ trigger: ends.trigger }), 400, text.incomplete);
    fails(await make({ ...ends, trigger: '_/ru-none' }), 400, text.triggerMissing(`/${ns}/ru-none`));
    fails(await make({ ...ends, action: '_/ru-none' }), 400, text.actionMissing(`/${ns}/ru-none`));
    fails(await make({ ...ends, action: '/_/ru-pkg/none' }), 400, text.actionMissing(`/${ns}/ru-pkg/none`));
    fails(await make({ ...ends, action: '/_/ru-none/a' }), 404, defaultText[404] as string);
    fails(await make({ ...ends, trigger: ends.action }), 400, text.wrongType('WhiskAction', 'WhiskTrigger'));
    fails(await make({ ...ends, action: ends.trigger }), 400, text.wrongType('WhiskTrigger', 'WhiskActionMetaData'));
    fails(await make({ ...ends, trigger: 'ru-t' }), 400, http.malformed(names.tooFewSegments));
    fails(await make({ ...ends, trigger: 5 }), 400, http.malformed(names.malformedFqn));
    fails(await make({ ...ends, action: { path: '_' } }), 400, http.malformed(names.malformedFqn));
    fails(await rest.get('_/rules/ru-new'), 404, defaultText[404] as string);
  });

  it('takes references as text or object, through bindings too', async () => {
    const made = await rest.put('_/rules/ru-r?overwrite=true', {
      trigger: { path: '_', name: 'ru-t' },
      action: { path: '_/ru-bind', name: 'echo' },
    });
    expect(made.json).toMatchObject({
      status: 'active',
      trigger: { path: ns, name: 'ru-t' },
      action: { path: `${ns}/ru-bind`, name: 'echo' },
    });
  });

  it('moves to another trigger with its status, half a body at a time', async () => {
    await trigger('ru-t2');
    await rest.post('_/rules/ru-r', { status: 'inactive' });
    const moved = await rest.put('_/rules/ru-r?overwrite=true', { trigger: '/_/ru-t2' });
    expect(moved.json).toMatchObject({ status: 'inactive', version: '0.0.2', action: { path: `${ns}/ru-bind` } });
    expect((await rest.get('_/triggers/ru-t')).json.rules).toEqual({});
    await rest.put('_/rules/ru-r?overwrite=true', { action: '/_/ru-echo' });
    expect((await rest.get('_/triggers/ru-t2')).json.rules).toEqual({
      [`${ns}/ru-r`]: { action: { path: ns, name: 'ru-echo' }, status: 'inactive' },
    });
  });

  it('changes status, or says why not', async () => {
    for (const status of ['active', 'active', 'inactive', 'inactive']) {
      const reply = await rest.post('_/rules/ru-r', { status });
      expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([
        200,
        'OK',
        'text/plain; charset=UTF-8',
      ]);
      expect((await rest.get('_/rules/ru-r')).json.status).toBe(status);
    }
    fails(await rest.post('_/rules/ru-r', { status: 'on' }), 400, http.malformed(text.badStatus('on')));
    fails(await rest.post('_/rules/ru-r', {}), 400, http.malformed(text.statusMissing));
    fails(await rest.post('_/rules/ru-none', { status: 'active' }), 404, defaultText[404] as string);
    fails(await rest.post('_/rules/ru-echo', { status: 'active' }), 409, entity.otherCollection);
  });
});

describe('firing', () => {
  it('needs an object, and answers 204 without an active rule', async () => {
    await trigger('ru-fire');
    const empty = await rest.post('_/triggers/ru-fire');
    expect([empty.status, empty.text, empty.headers.get('x-openwhisk-activation-id')]).toEqual([204, '', null]);
    fails(await rest.post('_/triggers/ru-fire', [1]), 400, http.malformed(http.objectExpected));
    fails(await rest.post('_/triggers/ru-none', {}), 404, defaultText[404] as string);
  });

  it('merges trigger parameters, headers and payload over those of the action; blocking and result mean nothing', async () => {
    const source = 'function main(args) { return { ...args, env: process.env.i } }';
    await rest.action('ru-args', source, {
      parameters: [
        { key: 'a', value: 'action' },
        { key: 'z', value: 'action' },
      ],
    });
    const parameters = [
      { key: 'a', value: 'trigger' },
      { key: 'b', value: 'trigger' },
      { key: 'i', value: 1, init: true },
    ];
    await trigger('ru-fire', { parameters });
    await rule('ru-r', 'ru-fire', '/_/ru-args');
    await rest.post('_/rules/ru-r', { status: 'active' });
    const headers = { 'x-mine': 'yes', 'x-request-id': 'ru-request' };
    const fired = await rest.post('_/triggers/ru-fire?blocking=true&result=true', { b: 'payload' }, { headers });
    expect([fired.status, Object.keys(fired.json)]).toEqual([202, ['activationId']]);
    expect(fired.headers.get('x-openwhisk-activation-id')).toBe(fired.json.activationId);
    const [line] = linesOf(await record(fired.json.activationId));
    const { result } = (await record(line.activationId)).response;
    expect(result).toMatchObject({ a: 'trigger', b: 'payload', z: 'action', i: 1 });
    expect(result.__ow_headers).toMatchObject({ 'x-mine': 'yes', authorization: expect.stringMatching(/^Basic /) });
    expect(result).not.toHaveProperty('env');
  });

  it('tells in the record what became of each rule, in the words a POST would have', async () => {
    await rest.action('ru-gone', ECHO);
    await trigger('ru-fire');
    await rule('ru-r', 'ru-fire', '/_/ru-echo');
    await rule('ru-r2', 'ru-fire', '/_/ru-gone');
    await rest.delete('_/actions/ru-gone');
    expect((await rest.get('_/rules/ru-r2')).json.status).toBe('active');
    const fired = await rest.post('_/triggers/ru-fire', {});
    const lines = linesOf(await record(fired.json.activationId));
    const failed = { statusCode: 1, success: false, rule: `${ns}/ru-r2`, action: `${ns}/ru-gone` };
    expect(lines).toContainEqual({ ...failed, error: defaultText[404] });
    expect(lines).toContainEqual(expect.objectContaining({ statusCode: 0, success: true, rule: `${ns}/ru-r` }));
    await rest.delete('_/rules/ru-r2');
  });

  it('starts a hundred actions at once, all named in one record', async () => {
    await trigger('ru-many');
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    await rest.action('ru-note', 'function main() { return {} }', { limits: { concurrency: 1, memory: 128 } });
    for (const i of numbers) await rule(`ru-m${i}`, 'ru-many', '/_/ru-note');
    const fired = await rest.post('_/triggers/ru-many', {});
    const lines = linesOf(await record(fired.json.activationId));
    expect(new Set(lines.map(l => l.rule)).size).toBe(100);
    expect(lines.filter(l => !l.success)).toEqual([]);
    expect(new Set(lines.map(l => l.activationId)).size).toBe(100);
    for (const { activationId } of lines) expect((await record(activationId)).response.success).toBe(true);
  });
});
