import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  action as actionText,
  defaultText,
  entity,
  http,
  logs,
  outcome,
  trigger as triggerText,
} from '../../src/messages.js';
import { eventually, type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** The sharp edges of OPENWHISK.md section 11 by number; 22 is in limits.test.ts, 35 to 38 in sharp-edges-web.test.ts. */
let server: TestServer;
let rest: Rest;
/** The namespace of the tests' key. */
let ns: string;
const nodejs = (code: string, extra: object = {}): object => ({ exec: { kind: 'nodejs:20', code }, ...extra });
const ECHO = 'function main(args) { return args }';
const value = (list: { key: string; value: unknown }[], key: string): unknown => list.find(a => a.key === key)?.value;
const invoke = (name: string, body: object = {}, query = ''): Promise<Reply> =>
  rest.post(`_/actions/${name}?blocking=true${query}`, body);
const record = (id: string) =>
  eventually(async () => {
    const reply = await rest.get(`_/activations/${id}`);
    return reply.status === 200 ? reply.json : undefined;
  });

const MB = 1024 * 1024;
const namesOf = (reply: Reply): string[] => reply.json.map((e: { name: string }) => e.name);

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  await rest.action('echo', ECHO);
  await rest.put('_/packages/pkg?overwrite=true', { publish: true, parameters: [{ key: 'p', value: 1 }] });
  await rest.action('pkg/inner', ECHO);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('sharp edges', () => {
  it('1: error bodies have a string error and a string code; an action error has no code', async () => {
    const refused = await rest.get('_/actions/missing');
    expect([typeof refused.json.error, typeof refused.json.code]).toEqual(['string', 'string']);
    const failed = await invoke('echo', { error: 'x' }, '&result=true');
    expect([failed.status, failed.json]).toEqual([502, { error: 'x' }]);
  });

  it('2: X-Request-ID on every response, and the code equals it', async () => {
    for (const path of ['_/actions', '_/actions/missing', '/api/v1/nope', '/ping']) {
      expect((await rest.get(path)).headers.get('x-request-id')).toMatch(/^[A-Za-z0-9]{32}$/);
    }
    const own = await rest.get('_/actions/missing', { headers: { 'x-request-id': 'mine' } });
    expect([own.headers.get('x-request-id'), own.json.code]).toEqual(['mine', 'mine']);
    const system = await rest.get('_/actions/missing', { headers: { 'x-request-id': 'sid_mine' } });
    expect(system.headers.get('x-request-id')).not.toBe('sid_mine');
  });

  it('3: GET / has exactly the content type wskdeploy looks for, and images as strings', async () => {
    const reply = await rest.get('/', { auth: null });
    expect('application/json; charset=UTF-8').toContain(reply.headers.get('content-type'));
    expect(typeof reply.json.runtimes.nodejs[0].image).toBe('string');
    expect(reply.json.api_paths).toEqual(['/api/v1']);
  });

  it('4: a trailing slash lists a package; without it a package is no action', async () => {
    expect(namesOf(await rest.get('_/actions/pkg/'))).toEqual(['inner']);
    expect((await rest.get('_/actions/pkg')).json.error).toBe(entity.otherCollection);
    expect((await rest.get('_/actions/echo/')).json.error).toBe(entity.otherCollection);
  });

  it('5: limit=0 means 200, 201 is refused', async () => {
    expect(namesOf(await rest.get('_/actions?limit=0')).length).toBeGreaterThan(1);
    expect((await rest.get('_/actions?limit=201')).status).toBe(400);
  });

  it('6: lists are newest first', async () => {
    for (const name of ['order-b', 'order-a', 'order-c']) await rest.put(`_/triggers/${name}?overwrite=true`, {});
    await rest.put('_/triggers/order-b?overwrite=true', {});
    const names = namesOf(await rest.get('_/triggers')).filter(n => n.startsWith('order-'));
    expect(names).toEqual(['order-b', 'order-c', 'order-a']);
  });

  it('7: action rows have limits and exec.binary, no code, no parameters', async () => {
    const row = (await rest.get('_/actions')).json.find((a: { name: string }) => a.name === 'echo');
    expect(row.exec).toEqual({ binary: false });
    expect(row.limits).toEqual({ timeout: 60000, memory: 256, logs: 10, concurrency: 1 });
    expect(row).not.toHaveProperty('parameters');
  });

  it('8: a package lists binding false, answers {} itself; actions and feeds only on GET', async () => {
    const put = await rest.put('_/packages/plain?overwrite=true', {});
    expect(put.json.binding).toEqual({});
    expect(put.json).not.toHaveProperty('actions');
    const get = await rest.get('_/packages/plain');
    expect([get.json.actions, get.json.feeds, get.json.binding]).toEqual([[], [], {}]);
    const row = (await rest.get('_/packages')).json.find((p: { name: string }) => p.name === 'plain');
    expect(row.binding).toBe(false);
    const gone = await rest.delete('_/packages/plain');
    expect(gone.json).not.toHaveProperty('actions');
  });

  it('9: rule lists lack status, GET has it, DELETE says inactive, status POST says OK', async () => {
    await rest.put('_/triggers/t9?overwrite=true', {});
    const put = await rest.put('_/rules/r9?overwrite=true', { trigger: '/_/t9', action: '/_/echo' });
    expect(put.json).toMatchObject({
      status: 'active',
      trigger: { path: ns, name: 't9' },
      action: { path: ns, name: 'echo' },
    });
    const row = (await rest.get('_/rules')).json.find((r: { name: string }) => r.name === 'r9');
    expect(row).not.toHaveProperty('status');
    const ok = await rest.post('_/rules/r9', { status: 'inactive' });
    expect([ok.status, ok.text]).toEqual([200, 'OK']);
    expect((await rest.get('_/rules/r9')).json.status).toBe('inactive');
    await rest.post('_/rules/r9', { status: 'active' });
    expect((await rest.delete('_/rules/r9')).json.status).toBe('inactive');
  });

  it('10: a default kind is stored as the kind it stands for', async () => {
    const reply = await rest.put('_/actions/e10?overwrite=true', { exec: { kind: 'nodejs:default', code: ECHO } });
    expect(reply.json.exec.kind).toBe('nodejs:20');
    expect(value(reply.json.annotations, 'exec')).toBe('nodejs:20');
  });

  it('11: create adds provide-api-key and exec; update adds only exec', async () => {
    await rest.delete('_/actions/e11');
    const created = await rest.put('_/actions/e11', nodejs(ECHO, { annotations: [{ key: 'exec', value: 'mine' }] }));
    expect(value(created.json.annotations, 'provide-api-key')).toBe(false);
    expect(value(created.json.annotations, 'exec')).toBe('nodejs:20');
    const updated = await rest.put('_/actions/e11?overwrite=true', { delAnnotations: ['provide-api-key', 'exec'] });
    expect(updated.json.annotations).toEqual([{ key: 'exec', value: 'nodejs:20' }]);
  });

  it('12: action annotations merge, parameters replace; a trigger replaces both', async () => {
    const first = { annotations: [{ key: 'a', value: 1 }], parameters: [{ key: 'x', value: 1 }] };
    const second = { annotations: [{ key: 'b', value: 2 }], parameters: [{ key: 'y', value: 2 }] };
    await rest.put('_/actions/e12?overwrite=true', nodejs(ECHO, first));
    const action = await rest.put('_/actions/e12?overwrite=true', second);
    expect([value(action.json.annotations, 'a'), value(action.json.annotations, 'b')]).toEqual([1, 2]);
    expect(action.json.parameters).toEqual(second.parameters);
    await rest.put('_/triggers/t12?overwrite=true', first);
    const trigger = await rest.put('_/triggers/t12?overwrite=true', second);
    expect(trigger.json).toMatchObject(second);
  });

  it('13: versions begin at 0.0.1 and grow by a patch; an explicit one wins', async () => {
    await rest.delete('_/triggers/t13');
    const versions = [
      await rest.put('_/triggers/t13', {}),
      await rest.put('_/triggers/t13?overwrite=true', {}),
      await rest.put('_/triggers/t13?overwrite=true', { version: '2.1' }),
      await rest.put('_/triggers/t13?overwrite=true', {}),
    ].map(reply => reply.json.version);
    expect(versions).toEqual(['0.0.1', '0.0.2', '2.1.0', '2.1.1']);
  });

  it('14: binary is computed from the code', async () => {
    const binary = async (code: string) =>
      (
        await rest.put(
          '_/actions/e14?overwrite=true',
          nodejs(code, { exec: { kind: 'nodejs:20', code, binary: true } }),
        )
      ).json.exec.binary;
    expect([await binary('abcd'), await binary(ECHO), await binary('')]).toEqual([true, false, false]);
  });

  it('15: a blackbox action without code has no code', async () => {
    const put = await rest.put('_/actions/e15?overwrite=true', { exec: { kind: 'blackbox', image: 'x/y', code: ' ' } });
    expect(put.json.exec).toEqual({ kind: 'blackbox', image: 'x/y', binary: false });
    expect((await rest.get('_/actions/e15')).json.exec).toEqual({ kind: 'blackbox', image: 'x/y', binary: false });
  });

  it('16: limits have exactly four members', async () => {
    const reply = await rest.put('_/actions/e16?overwrite=true', nodejs(ECHO, { limits: { memory: 128 } }));
    expect(reply.json.limits).toEqual({ timeout: 60000, memory: 128, logs: 10, concurrency: 1 });
  });

  it('17: server fields and unknown ones are ignored', async () => {
    const reply = await rest.put('_/triggers/t17?overwrite=true', {
      updated: 5,
      namespace: 'x',
      name: 'y',
      rules: { 'a/b': {} },
      unknown: true,
    });
    expect(reply.json).toMatchObject({ namespace: ns, name: 't17' });
    expect(reply.json.updated).toBeGreaterThan(1_600_000_000_000);
    expect(reply.json).not.toHaveProperty('unknown');
    expect(reply.json).not.toHaveProperty('rules');
  });

  it('18: overwrite creates what is missing; without it what exists is a conflict', async () => {
    await rest.delete('_/triggers/t18');
    expect((await rest.put('_/triggers/t18?overwrite=true', {})).status).toBe(200);
    const again = await rest.put('_/triggers/t18', {});
    expect([again.status, again.json.error]).toEqual([409, entity.exists]);
  });

  it('19: another collection holds the name: 409 for every verb', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      const reply = await rest.request(method, '_/triggers/echo?overwrite=true', { body });
      expect([method, reply.status, reply.json.error]).toEqual([method, 409, entity.otherCollection]);
    }
  });

  it('20: only GET of a package names what is missing', async () => {
    expect((await rest.get('_/packages/no')).json.error).toBe(entity.notFound(`${ns}/no`));
    for (const reply of [
      await rest.delete('_/packages/no'),
      await rest.get('_/actions/no/a'),
      await rest.get('_/actions/no/'),
    ]) {
      expect([reply.status, reply.json.error]).toEqual([404, defaultText[404]]);
    }
  });

  it("21: others' missing or private packages are 403", async () => {
    expect((await rest.get('whisk.system/packages/no')).json.error).toBe(entity.forbidden('whisk.system/no'));
    const action = await rest.get('whisk.system/actions/no/a');
    expect([action.status, action.json.error]).toEqual([403, entity.forbidden('whisk.system/no')]);
  });

  it('23: a failed blocking call is 502 with the whole activation', async () => {
    await rest.action('e23', 'function main() { throw new Error("boom") }');
    const reply = await invoke('e23');
    expect(reply.status).toBe(502);
    expect(reply.json.response).toMatchObject({ status: 'action developer error', success: false });
    const app = await invoke('echo', { error: 'no' });
    expect([app.status, app.json.response.status]).toEqual([502, 'application error']);
  });

  it('24: result=true needs blocking; array results come bare', async () => {
    const accepted = await rest.post('_/actions/echo?result=true', {});
    expect(accepted.status).toBe(202);
    await rest.action('e24', 'function main() { return [1, "a"] }');
    const reply = await invoke('e24');
    expect([reply.status, reply.json]).toEqual([200, [1, 'a']]);
  });

  it('25: a wait that expires is a 202 with the id', async () => {
    await rest.action('e25', 'const main = () => new Promise(r => setTimeout(r, 700, {done: 1}))');
    const reply = await invoke('e25', {}, '&timeout=50');
    expect([reply.status, Object.keys(reply.json)]).toEqual([202, ['activationId']]);
    expect(reply.headers.get('x-openwhisk-activation-id')).toBe(reply.json.activationId);
    expect((await record(reply.json.activationId)).response.result).toEqual({ done: 1 });
  });

  it('26: an application error keeps error alone, whatever its value', async () => {
    for (const error of [5, true, 'x', { a: 1 }, [1], null]) {
      const reply = await invoke('echo', { error, more: 1 }, '&result=true');
      expect([reply.status, reply.json]).toEqual([502, { error }]);
    }
  });

  it('27: a response has status and success; list rows have statusCode', async () => {
    const { json } = await invoke('echo', { a: 1 });
    expect(json.response).toMatchObject({ status: 'success', success: true, result: { a: 1 } });
    expect(json.response).not.toHaveProperty('statusCode');
    await record(json.activationId);
    const row = (await rest.get('_/activations?name=echo&limit=1')).json[0];
    expect(row.statusCode).toBe(0);
    expect(row).not.toHaveProperty('response');
  });

  /** Fires a trigger that has an active and an inactive rule; its record, and what its log lines say. */
  const fireTwoRules = async (name: string) => {
    await rest.put(`_/triggers/${name}?overwrite=true`, { parameters: [{ key: 'd', value: 'trigger' }] });
    await rest.put(`_/rules/${name}-on?overwrite=true`, { trigger: `/_/${name}`, action: '/_/echo' });
    await rest.put(`_/rules/${name}-off?overwrite=true`, { trigger: `/_/${name}`, action: `/${ns}/pkg/inner` });
    await rest.post(`_/rules/${name}-off`, { status: 'inactive' });
    const fired = await rest.post(`_/triggers/${name}`, { x: 1 });
    expect(fired.status).toBe(202);
    const trigger = await record(fired.json.activationId);
    const lines: { success: boolean; activationId: string }[] = trigger.logs.map((line: string) => JSON.parse(line));
    return { trigger, lines, started: lines.find(line => line.success) };
  };

  it("28: a trigger's record has no end, no duration and no annotations", async () => {
    const { trigger } = await fireTwoRules('t28');
    expect(trigger).not.toHaveProperty('end');
    expect(trigger).not.toHaveProperty('duration');
    expect(trigger.annotations).toEqual([]);
    expect(trigger.response).toEqual({ status: 'success', success: true, result: { x: 1 } });
    const row = (await rest.get('_/activations?name=t28&limit=1')).json[0];
    expect(row.statusCode).toBe(0);
    expect(row).not.toHaveProperty('end');
  });

  it('29: without an active rule 204 and no record; beside one, an inactive rule is a failure in the logs', async () => {
    await rest.put('_/triggers/t29?overwrite=true', {});
    await rest.put('_/rules/t29-off?overwrite=true', { trigger: '/_/t29', action: '/_/echo' });
    await rest.post('_/rules/t29-off', { status: 'inactive' });
    const before = (await rest.get('_/activations?name=t29&count=true')).json;
    const idle = await rest.post('_/triggers/t29', {});
    expect([idle.status, idle.text, idle.headers.get('x-openwhisk-activation-id')]).toEqual([204, '', null]);
    expect((await rest.get('_/activations?name=t29&count=true')).json).toEqual(before);
    const { lines } = await fireTwoRules('t29');
    expect(lines).toContainEqual({
      statusCode: 1,
      success: false,
      rule: `${ns}/t29-off`,
      action: `${ns}/pkg/inner`,
      error: triggerText.ruleInactive(`${ns}/t29-off`, `${ns}/pkg/inner`),
    });
  });

  it("30: a trigger's logs are JSON in strings, names without a leading slash; a refused call is statusCode 1", async () => {
    const { started } = await fireTwoRules('t30');
    expect(started).toEqual({
      statusCode: 0,
      success: true,
      activationId: expect.stringMatching(/^[0-9a-f]{32}$/),
      rule: `${ns}/t30-on`,
      action: `${ns}/echo`,
    });
    await rest.action('gone', ECHO);
    await rest.put('_/rules/t30-gone?overwrite=true', { trigger: '/_/t30', action: '/_/gone' });
    await rest.delete('_/actions/gone');
    const { lines } = await fireTwoRules('t30');
    const refused = { statusCode: 1, success: false, rule: `${ns}/t30-gone`, action: `${ns}/gone` };
    expect(lines).toContainEqual({ ...refused, error: defaultText[404] });
    await rest.delete('_/rules/t30-gone');
  });

  it("31: a fired action gets the trigger's parameters, the payload and the firer's headers", async () => {
    const { started } = await fireTwoRules('t31');
    const { response } = await record((started as { activationId: string }).activationId);
    expect(response.result).toMatchObject({ d: 'trigger', x: 1 });
    expect(response.result.__ow_headers.authorization).toBe(`Basic ${Buffer.from(server.auth).toString('base64')}`);
    expect(response.result.__ow_headers).not.toHaveProperty('content-type');
    expect(response.result.__ow_headers).not.toHaveProperty('content-length');
  });

  it('32: sequences: logs are ids, durations add up, only a component error stops', async () => {
    await rest.action('inc', 'const main = ({ n = 0, stop }) => stop && n ? { error: "stop" } : { n: n + 1, stop }');
    const components = ['/_/inc', '/_/inc', `/${ns}/inc`];
    await rest.put('_/actions/seq?overwrite=true', { exec: { kind: 'sequence', components } });
    const done = await invoke('seq', { n: 1 });
    expect(done.json.response.result).toEqual({ n: 4 });
    expect(done.json.logs).toHaveLength(3);
    const parts = await Promise.all(done.json.logs.map(record));
    expect(done.json.duration).toBe(parts.reduce((sum, p) => sum + p.duration, 0));
    for (const part of parts) {
      expect(part.cause).toBe(done.json.activationId);
      expect(value(part.annotations, 'causedBy')).toBe('sequence');
    }
    expect(value(done.json.annotations, 'topmost')).toBe(true);
    const stopped = await invoke('seq', { stop: true });
    expect([stopped.status, stopped.json.response.result, stopped.json.logs.length]).toEqual([
      502,
      { error: 'stop' },
      2,
    ]);
    await rest.put('_/actions/seqerr?overwrite=true', { exec: { kind: 'sequence', components: ['/_/inc'] } });
    expect((await invoke('seqerr', { error: 'given', n: 1 })).json.response.result).toEqual({ n: 2 });
  });

  it('33: a sequence shows resolved components, mirrored in _actions', async () => {
    const { json } = await rest.get('_/actions/seq');
    const components = [`/${ns}/inc`, `/${ns}/inc`, `/${ns}/inc`];
    expect(json.exec).toEqual({ kind: 'sequence', components });
    expect(json.parameters).toEqual([{ key: '_actions', value: components }]);
  });

  it('34: final protects only parameters that have a value', async () => {
    await rest.action('e34', ECHO, {
      annotations: [{ key: 'final', value: true }],
      parameters: [
        { key: 'a', value: 1 },
        { key: 'b', value: null },
      ],
    });
    const refused = await invoke('e34', { a: 2 });
    expect([refused.status, refused.json.error]).toEqual([400, actionText.reservedProperties]);
    expect((await invoke('e34', { b: 2 }, '&result=true')).json).toEqual({ a: 1, b: 2 });
  });

  it('39: environment and deadline are strings; the api key only when asked for', async () => {
    const code = `const main = () => ({ env: Object.fromEntries(Object.entries(process.env).filter(([k]) => k.startsWith('__OW_'))) })`;
    await rest.action('e39', code);
    const { env } = (await invoke('e39', {}, '&result=true')).json;
    expect(env.__OW_DEADLINE).toMatch(/^\d{13}$/);
    expect(env.__OW_ACTION_NAME).toBe(`/${ns}/e39`);
    expect(env.__OW_NAMESPACE).toBe(ns);
    expect(env.__OW_API_HOST).toMatch(/^https?:\/\//);
    expect(env).not.toHaveProperty('__OW_API_KEY');
    await rest.action('e39', code, { annotations: [{ key: 'provide-api-key', value: true }] });
    expect((await invoke('e39', {}, '&result=true')).json.env.__OW_API_KEY).toBe(server.auth);
  });

  it('40: log lines, the truncation sentence, results over 1 MB', async () => {
    await rest.action('e40', 'function main() { console.log("out"); console.error("err"); return {} }');
    const { json } = await invoke('e40');
    const { logs: lines } = await record(json.activationId);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z\s* stdout: out$/m);
    expect(lines.find((l: string) => l.includes('stderr'))?.indexOf('stderr: err')).toBe(31);

    await rest.action(
      'e40b',
      'function main() { for (let i = 0; i < 30000; i++) console.log("x".repeat(100)); return {} }',
      {
        limits: { logs: 1 },
      },
    );
    const cut = await record((await invoke('e40b')).json.activationId);
    expect(cut.logs.at(-1)).toContain(`stderr: ${logs.truncated(MB)}`);

    await rest.action('e40c', `function main() { return { a: "x".repeat(${MB}) } }`);
    const large = await invoke('e40c', {}, '&result=true');
    expect(large.status).toBe(502);
    expect(large.json.error).toBe(outcome.truncated(MB + 8, MB, `{"a":"${'x'.repeat(MB - 6)}`));
  });

  it('rejections carry no CORS headers, preflights need no credentials', async () => {
    const options = await rest.request('OPTIONS', '_/actions', { auth: null });
    expect([options.status, options.text]).toEqual([200, 'OK']);
    expect(options.headers.get('access-control-allow-methods')).toBe('GET, DELETE, POST, PUT, HEAD');
    expect((await rest.get('/api/v1/nope', { auth: null })).json.error).toBe(http.authMissing);
  });
});
