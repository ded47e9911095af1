import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { action as actionText, defaultText, entity, http, names, pkg } from '../../src/messages.js';
import { type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** Packages and bindings in one namespace (OPENWHISK.md 2.6); what others may do is in sharing.test.ts. */
let server: TestServer;
let rest: Rest;
let ns: string;

const ECHO = 'function main(args) { return args }';
const p = (key: string, value: unknown): object => ({ key, value });
const annotation = (reply: Reply, key: string): unknown =>
  reply.json.annotations.find((a: { key: string }) => a.key === key)?.value;
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};

beforeAll(async () => {
  server = await targetServer();
  rest = restClient(server.url, server.auth);
  ns = await rest.namespace();
  for (const binding of ['pk-bind', 'pk-bind2', 'pk-orphan']) await rest.delete(`_/packages/${binding}`);
  for (const name of ['pk-provider', 'pk-full', 'pk-gone']) await rest.delete(`_/packages/${name}?force=true`);
  await rest.put('_/packages/pk-provider', {
    parameters: [p('a', 'provider'), p('b', 'provider'), p('c', 'provider')],
  });
  await rest.action('pk-provider/echo', ECHO, { parameters: [p('c', 'action')] });
  await rest.action('pk-provider/feed', ECHO, { annotations: [p('feed', true)] });
  await rest.put('_/packages/pk-bind', {
    binding: { namespace: '_', name: 'pk-provider' },
    parameters: [p('b', 'binding'), p('d', 'binding')],
    annotations: [p('mine', 1), p('binding', 'lie')],
  });
  await rest.action('pk-plain', ECHO);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a package', () => {
  it('lists actions and feeds apart', async () => {
    const { json } = await rest.get('_/packages/pk-provider');
    expect(json.actions.map((a: { name: string }) => a.name)).toEqual(['echo']);
    expect(json.feeds.map((a: { name: string }) => a.name)).toEqual(['feed']);
    expect(Object.keys(json.feeds[0]).sort()).toEqual(['annotations', 'name', 'version']);
  });

  it('gives its parameters to its actions, which win', async () => {
    const { json } = await rest.get('_/actions/pk-provider/echo');
    const merged = [p('a', 'provider'), p('b', 'provider'), p('c', 'action')];
    expect(json.parameters).toEqual(merged);
    const run = await rest.post('_/actions/pk-provider/echo?blocking=true&result=true', { b: 'payload' });
    expect(run.json).toEqual({ a: 'provider', b: 'payload', c: 'action' });
    const put = await rest.put('_/actions/pk-provider/echo?overwrite=true', {});
    expect(put.json.parameters).toEqual([p('c', 'action')]);
  });

  it('is deleted only when it is empty or by force, with its actions', async () => {
    await rest.put('_/packages/pk-full', {});
    await rest.action('pk-full/one', ECHO);
    fails(await rest.delete('_/packages/pk-full'), 409, pkg.notEmpty(1));
    await rest.action('pk-full/two', ECHO);
    fails(await rest.delete('_/packages/pk-full?force=false'), 409, pkg.notEmpty(2));
    const gone = await rest.delete('_/packages/pk-full?force=true');
    expect([gone.status, gone.json.name]).toEqual([200, 'pk-full']);
    fails(await rest.get('_/actions/pk-full/one'), 404, defaultText[404] as string);
  });

  it('loses an annotation binding that is not its own', async () => {
    const reply = await rest.put('_/packages/pk-full?overwrite=true', { annotations: [p('binding', 1), p('x', 2)] });
    expect(reply.json.annotations).toEqual([p('x', 2)]);
  });

  it('may not be called default', async () => {
    fails(await rest.put('_/packages/default', {}), 400, pkg.reserved('default'));
  });

  it('is no place for an action when it is not there, or is no package', async () => {
    const body = { exec: { kind: 'nodejs:20', code: ECHO } };
    fails(await rest.put('_/actions/pk-none/a', body), 404, defaultText[404] as string);
    fails(await rest.delete('_/actions/pk-none/a'), 404, defaultText[404] as string);
    fails(await rest.put('_/actions/pk-plain/a', body), 409, entity.otherCollection);
    fails(await rest.post('_/actions/pk-plain/a', {}), 409, entity.otherCollection);
  });
});

describe('a binding', () => {
  it('has its own document, merged parameters, the contents of its provider', async () => {
    const reply = await rest.get('_/packages/pk-bind');
    expect(reply.json).toMatchObject({
      namespace: ns,
      name: 'pk-bind',
      binding: { namespace: ns, name: 'pk-provider' },
    });
    expect(new Map(reply.json.parameters.map((x: { key: string; value: string }) => [x.key, x.value]))).toEqual(
      new Map([
        ['a', 'provider'],
        ['b', 'binding'],
        ['c', 'provider'],
        ['d', 'binding'],
      ]),
    );
    expect(annotation(reply, 'mine')).toBe(1);
    expect(annotation(reply, 'binding')).toEqual({ namespace: ns, name: 'pk-provider' });
    expect(reply.json.actions.map((a: { name: string }) => a.name)).toEqual(['echo']);
  });

  it('gives its parameters between the package and the action', async () => {
    const run = await rest.post('_/actions/pk-bind/echo?blocking=true&result=true', {});
    expect(run.json).toEqual({ a: 'provider', b: 'binding', c: 'action', d: 'binding' });
  });

  it('shows the provider as namespace of its actions, and itself only without code', async () => {
    const whole = await rest.get('_/actions/pk-bind/echo');
    expect(whole.json.namespace).toBe(`${ns}/pk-provider`);
    expect(whole.json).not.toHaveProperty('binding');
    const bare = await rest.get('_/actions/pk-bind/echo?code=false');
    expect(bare.json.binding).toBe(`${ns}/pk-bind`);
    expect(bare.json.exec).toEqual({ kind: 'nodejs:20', binary: false });
    const rows = (await rest.get('_/actions/pk-bind/')).json;
    expect(rows.map((row: { namespace: string }) => row.namespace)).toEqual([`${ns}/pk-provider`, `${ns}/pk-provider`]);
  });

  it('is noted in the activation, whose path is the provider', async () => {
    const run = await rest.post('_/actions/pk-bind/echo?blocking=true', {});
    expect(annotation(run, 'binding')).toBe(`${ns}/pk-bind`);
    expect(annotation(run, 'path')).toBe(`${ns}/pk-provider/echo`);
  });

  it('takes no actions', async () => {
    const put = await rest.put('_/actions/pk-bind/a', { exec: { kind: 'nodejs:20', code: ECHO } });
    fails(put, 400, actionText.bindingOperation);
    fails(await rest.delete('_/actions/pk-bind/echo'), 400, actionText.bindingOperation);
  });

  it('refuses what cannot be bound', async () => {
    const bind = (binding: unknown, query = ''): Promise<Reply> => rest.put(`_/packages/pk-new${query}`, { binding });
    fails(await bind({ namespace: '_', name: 'pk-none' }), 400, pkg.bindingMissing);
    fails(await bind({ namespace: '_', name: 'pk-bind' }), 400, pkg.bindingToBinding);
    fails(await bind({ namespace: '_', name: 'pk-plain' }), 409, pkg.bindingToOther);
    fails(await bind({ namespace: '_' }), 400, http.malformed(pkg.missingMember('name')));
    fails(await bind({ name: 'x' }), 400, http.malformed(pkg.missingMember('namespace')));
    fails(await bind({ namespace: '_', name: '!' }), 400, http.malformed(names.malformedName));
    for (const wrong of [null, 5, 'x', []]) {
      fails(await bind(wrong), 400, http.malformed(http.objectExpectedInField('namespace')));
    }
    expect((await rest.get('_/packages/pk-new')).status).toBe(404);
  });

  it('comes of no package and is none', async () => {
    const binding = { namespace: '_', name: 'pk-bind' };
    fails(await rest.put('_/packages/pk-provider', { binding }), 409, entity.exists);
    fails(await rest.put('_/packages/pk-provider?overwrite=true', { binding }), 409, pkg.notABinding);
    fails(await rest.put('_/packages/pk-plain?overwrite=true', {}), 409, entity.otherCollection);
  });

  it('keeps its target on overwrite, or takes another', async () => {
    await rest.put('_/packages/pk-bind2?overwrite=true', { binding: { namespace: ns, name: 'pk-provider' } });
    const kept = await rest.put('_/packages/pk-bind2?overwrite=true', { binding: {}, parameters: [p('n', 1)] });
    expect(kept.json.binding).toEqual({ namespace: ns, name: 'pk-provider' });
    expect(kept.json.parameters).toEqual([p('n', 1)]);
    await rest.put('_/packages/pk-full?overwrite=true', {});
    const moved = await rest.put('_/packages/pk-bind2?overwrite=true', {
      binding: { namespace: '_', name: 'pk-full' },
    });
    expect(moved.json.binding).toEqual({ namespace: ns, name: 'pk-full' });
    expect(annotation(moved, 'binding')).toEqual({ namespace: ns, name: 'pk-full' });
    expect((await rest.get('_/packages/pk-bind2')).json.parameters).toEqual([p('n', 1)]);
  });

  it('outlives its provider: listed, deletable, and its actions gone', async () => {
    await rest.put('_/packages/pk-gone', {});
    await rest.action('pk-gone/a', ECHO);
    await rest.put('_/packages/pk-orphan', { binding: { namespace: '_', name: 'pk-gone' } });
    await rest.delete('_/packages/pk-gone?force=true');
    fails(await rest.get('_/packages/pk-orphan'), 404, entity.notFound(`${ns}/pk-orphan`));
    fails(await rest.get('_/actions/pk-orphan/a'), 404, defaultText[404] as string);
    fails(await rest.post('_/actions/pk-orphan/a', {}), 404, defaultText[404] as string);
    fails(await rest.get('_/actions/pk-orphan/'), 404, defaultText[404] as string);
    expect((await rest.get('_/packages')).json.map((x: { name: string }) => x.name)).toContain('pk-orphan');
    expect((await rest.delete('_/packages/pk-orphan')).status).toBe(200);
  });

  it('is deleted whatever its provider holds', async () => {
    expect((await rest.delete('_/packages/pk-bind')).status).toBe(200);
    expect((await rest.get('_/packages/pk-provider')).status).toBe(200);
  });
});
