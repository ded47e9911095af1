import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultText, entity, pkg } from '../../src/messages.js';
import { type Reply, type Rest, restClient } from '../support/rest.js';
import { type TestServer, targetServer } from '../support/server.js';

/** What one namespace may do in another (OPENWHISK.md 8.4). `owner` shares, `guest` tries. */
const { OW_APIHOST, OW_AUTH_OTHER } = process.env;
const possible = !OW_APIHOST || OW_AUTH_OTHER !== undefined;

let server: TestServer;
let guest: Rest;
let owner: Rest;
let theirs: string;
let mine: string;

const ECHO = 'function main(args) { return args }';
const code = { exec: { kind: 'nodejs:20', code: ECHO } };
const fails = (reply: Reply, status: number, error: string): void => {
  expect([reply.status, reply.json.error]).toEqual([status, error]);
};
const namesOf = (reply: Reply): string[] => reply.json.map((e: { name: string }) => e.name);

describe.runIf(possible)('sharing (needs a second namespace: OW_AUTH_OTHER)', () => {
  beforeAll(async () => {
    server = await targetServer();
    guest = restClient(server.url, server.auth);
    owner = restClient(server.url, server.other as string);
    mine = await guest.namespace();
    theirs = await owner.namespace();
    for (const name of ['sh-bind', 'sh-public', 'sh-private', 'sh-later']) {
      await owner.delete(`_/packages/${name}?force=true`);
      await guest.delete(`_/packages/${name}?force=true`);
    }
    const shared = { publish: true, parameters: [{ key: 'p', value: 1 }] };
    await owner.put('_/packages/sh-public', shared);
    await owner.action('sh-public/echo', ECHO);
    await owner.put('_/packages/sh-private', {});
    await owner.action('sh-private/echo', ECHO);
    await owner.put('_/packages/sh-later', { publish: true });
    await owner.action('sh-later/echo', ECHO);
    await owner.put('_/packages/sh-bind', { publish: true, binding: { namespace: '_', name: 'sh-public' } });
    await owner.action('sh-plain', ECHO, { publish: true });
    await owner.put('_/triggers/sh-trigger?overwrite=true', {});
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('lists the published packages of another, no bindings, none where there are none', async () => {
    const names = namesOf(await guest.get(`${theirs}/packages?limit=200`));
    expect(names).toContain('sh-public');
    expect(names).not.toContain('sh-private');
    expect(names).not.toContain('sh-bind');
    expect((await guest.get('nobody-has-this/packages')).json).toEqual([]);
    const counted = (await guest.get(`${theirs}/packages?count=true`)).json;
    expect(counted.packages).toBeGreaterThanOrEqual(2);
  });

  it.each(['actions', 'triggers', 'rules', 'activations', 'limits'])(
    'does not list %s of another',
    async collection => {
      fails(await guest.get(`${theirs}/${collection}`), 403, entity.forbidden(theirs));
      fails(await guest.get(`nobody-has-this/${collection}`), 403, entity.forbidden('nobody-has-this'));
    },
  );

  it('reads and runs what is published', async () => {
    expect((await guest.get(`${theirs}/packages/sh-public`)).json.actions).toHaveLength(1);
    expect((await guest.get(`${theirs}/actions/sh-public/echo`)).json.parameters).toEqual([{ key: 'p', value: 1 }]);
    expect(namesOf(await guest.get(`${theirs}/actions/sh-public/`))).toEqual(['echo']);
    const run = await guest.post(`${theirs}/actions/sh-public/echo?blocking=true`, { x: 2 });
    expect([run.status, run.json.response.result]).toEqual([200, { p: 1, x: 2 }]);
    expect(run.json.namespace).toBe(mine);
  });

  it('neither reads, runs, changes nor deletes what is not', async () => {
    const pkgPath = `${theirs}/sh-private`;
    for (const reply of [
      await guest.get(`${theirs}/packages/sh-private`),
      await guest.get(`${theirs}/actions/sh-private/echo`),
      await guest.get(`${theirs}/actions/sh-private/`),
      await guest.post(`${theirs}/actions/sh-private/echo`, {}),
      await guest.put(`${theirs}/packages/sh-private?overwrite=true`, {}),
      await guest.delete(`${theirs}/packages/sh-private`),
    ]) {
      fails(reply, 403, entity.forbidden(pkgPath));
    }
    for (const name of ['sh-private', 'sh-public']) {
      const path = `${theirs}/${name}/echo`;
      fails(await guest.put(`${theirs}/actions/${name}/echo?overwrite=true`, code), 403, entity.forbidden(path));
      fails(await guest.delete(`${theirs}/actions/${name}/echo`), 403, entity.forbidden(path));
    }
  });

  it('gets 403, not 404, for what is missing elsewhere', async () => {
    fails(await guest.get(`${theirs}/packages/sh-none`), 403, entity.forbidden(`${theirs}/sh-none`));
    fails(await guest.get(`${theirs}/actions/sh-none/a`), 403, entity.forbidden(`${theirs}/sh-none`));
    fails(await guest.post(`${theirs}/actions/sh-none/a`, {}), 403, entity.forbidden(`${theirs}/sh-none`));
    fails(await guest.get(`${theirs}/actions/sh-none`), 403, entity.forbidden(`${theirs}/sh-none`));
    fails(await guest.get(`${theirs}/actions/sh-public/none`), 404, defaultText[404] as string);
    fails(await guest.get(`${theirs}/packages/sh-plain`), 403, entity.forbidden(`${theirs}/sh-plain`));
  });

  it('may not use unpackaged actions, triggers and rules, published or not', async () => {
    const plain = entity.forbidden(`${theirs}/sh-plain`);
    fails(await guest.get(`${theirs}/actions/sh-plain`), 403, plain);
    fails(await guest.post(`${theirs}/actions/sh-plain`, {}), 403, plain);
    fails(await guest.post(`${theirs}/triggers/sh-trigger`, {}), 403, entity.forbidden(`${theirs}/sh-trigger`));
    fails(await guest.put(`${theirs}/rules/sh-rule`, {}), 403, entity.forbidden(`${theirs}/sh-rule`));
  });

  it("may not bind what it cannot read; a binding is nobody else's", async () => {
    const bind = (name: string): Promise<Reply> =>
      guest.put('_/packages/sh-mine?overwrite=true', { binding: { namespace: theirs, name } });
    fails(await bind('sh-private'), 403, entity.forbidden(`${theirs}/sh-private`));
    fails(await bind('sh-none'), 403, entity.forbidden(`${theirs}/sh-none`));
    fails(await bind('sh-bind'), 403, entity.forbidden(`${theirs}/sh-bind`));
    fails(await guest.get(`${theirs}/packages/sh-bind`), 403, entity.forbidden(`${theirs}/sh-bind`));
    const bound = await bind('sh-public');
    expect(bound.json.binding).toEqual({ namespace: theirs, name: 'sh-public' });
    const run = await guest.post('_/actions/sh-mine/echo?blocking=true&result=true', {});
    expect(run.json).toEqual({ p: 1 });
    fails(
      await guest.put('_/packages/sh-mine2', { binding: { namespace: '_', name: 'sh-mine' } }),
      400,
      pkg.bindingToBinding,
    );
  });

  it('loses a binding whose provider became private: 403 that names the binding, still deletable', async () => {
    await guest.put('_/packages/sh-later', { binding: { namespace: theirs, name: 'sh-later' } });
    await owner.put('_/packages/sh-later?overwrite=true', { publish: false });
    const text = entity.forbidden(`${mine}/sh-later`);
    fails(await guest.get('_/packages/sh-later'), 403, text);
    fails(await guest.get('_/actions/sh-later/'), 403, text);
    fails(await guest.post('_/actions/sh-later/echo', {}), 403, text);
    expect((await guest.delete('_/packages/sh-later')).status).toBe(200);
  });

  it('names all that a sequence or rule may not use, sorted; packages first and alone', async () => {
    const sequence = (...components: string[]): Promise<Reply> =>
      guest.put('_/actions/sh-seq?overwrite=true', { exec: { kind: 'sequence', components } });
    const plain = `/${theirs}/sh-plain`;
    fails(await sequence(`/${theirs}/z`, plain), 403, entity.forbidden(`${theirs}/sh-plain, ${theirs}/z`));
    const both = await sequence(plain, `/${theirs}/sh-private/echo`);
    fails(both, 403, entity.forbidden(`${theirs}/sh-private`));
    fails(await sequence('/_/sh-none/a'), 404, defaultText[404] as string);
    const rule = await guest.put('_/rules/sh-rule', { trigger: `/${theirs}/sh-trigger`, action: plain });
    fails(rule, 403, entity.forbidden(`${theirs}/sh-plain, ${theirs}/sh-trigger`));
  });

  it('runs a sequence over a shared package while it may', async () => {
    await owner.put('_/packages/sh-later?overwrite=true', { publish: true });
    const components = [`/${theirs}/sh-later/echo`, `/${theirs}/sh-public/echo`];
    await guest.put('_/actions/sh-seq?overwrite=true', { exec: { kind: 'sequence', components } });
    const run = await guest.post('_/actions/sh-seq?blocking=true&result=true', { a: 1 });
    expect(run.json).toEqual({ a: 1, p: 1 });
    await owner.put('_/packages/sh-later?overwrite=true', { publish: false });
    fails(await guest.post('_/actions/sh-seq?blocking=true', {}), 403, entity.forbidden(`${theirs}/sh-later`));
  });

  it('checks the components of the sequence that is called, not those of one in it', async () => {
    await owner.put('_/packages/sh-later?overwrite=true', { publish: true });
    const sequence = (name: string, component: string): Promise<Reply> =>
      guest.put(`_/actions/${name}?overwrite=true`, { exec: { kind: 'sequence', components: [component] } });
    await sequence('sh-inner', `/${theirs}/sh-later/echo`);
    await sequence('sh-outer', '/_/sh-inner');
    await owner.put('_/packages/sh-later?overwrite=true', { publish: false });
    fails(await guest.post('_/actions/sh-inner?blocking=true', {}), 403, entity.forbidden(`${theirs}/sh-later`));
    expect((await guest.post('_/actions/sh-outer?blocking=true&result=true', { a: 1 })).json).toEqual({ a: 1 });
  });
});
