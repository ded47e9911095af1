import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readFolder, readSecrets, writeFolder } from '../../src/promote/folder.js';
import { OpenWhisk } from '../../src/promote/openwhisk.js';
import { promote, undo } from '../../src/promote/promote.js';
import { takeSecrets } from '../../src/promote/secrets.js';
import { readProject } from '../../src/promote/snapshot.js';
import { zip } from '../support/archives.js';
import { type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

const PASSWORD = 'pa$$w0rd-of-the-shop';
const TOKEN = 'tok-4711-nested';
const WEB_KEY = 'open-sesame-99';
const ECHO = 'function main(args) { return args }';
/** A feed that keeps what it was told, per trigger. */
const FEED = `const kept = {};
function main({ lifecycleEvent, triggerName, authKey, ...rest }) {
  if (lifecycleEvent === 'CREATE') { if (rest.broken) return { error: 'the feed does not want it' }; kept[triggerName] = rest; }
  if (lifecycleEvent === 'DELETE') delete kept[triggerName];
  return lifecycleEvent === 'READ' ? { config: kept[triggerName] ?? {} } : { lifecycleEvent };
}`;

const pair = (key: string, value: unknown, extra: object = {}): object => ({ key, value, ...extra });

const put = async (rest: Rest, path: string, body: object): Promise<void> => {
  const reply = await rest.put(`_/${path}?overwrite=true`, body);
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${reply.text}`);
};

/** One of everything a namespace can hold. */
const fill = async (rest: Rest, auth: string): Promise<void> => {
  const namespace = await rest.namespace();
  await put(rest, 'packages/shop', {
    publish: true,
    parameters: [pair('dbPassword', PASSWORD), pair('region', 'eu')],
    annotations: [pair('description', 'all of the shop')],
  });
  await put(rest, 'packages/empty', {});
  await put(rest, 'packages/bound', {
    binding: { namespace: '_', name: 'shop' },
    parameters: [pair('region', 'us')],
  });
  await put(rest, 'actions/plain', {
    exec: { kind: 'nodejs:20', code: ECHO },
    limits: { timeout: 5000, memory: 128, logs: 1, concurrency: 5 },
    parameters: [
      pair('n', 1),
      pair('nothing', null),
      pair('list', [1, 'two']),
      pair('nested', { deep: { apiToken: TOKEN }, value: 3 }),
      pair('price', ['$100 or $', '{NOTHING}'].join('')),
      pair('early', 'at init', { init: true }),
    ],
    annotations: [pair('web-export', true), pair('require-whisk-auth', WEB_KEY), pair('note', { a: [1, null] })],
  });
  const archive = zip([{ name: 'index.js', data: `exports.main = ${ECHO}` }]);
  await put(rest, 'actions/shop/zipped', { exec: { kind: 'nodejs:20', code: archive, main: 'main' } });
  await put(rest, 'actions/python', { exec: { kind: 'python:3.11', code: 'def main(args):\n  return {"ü": "✓"}\n' } });
  await put(rest, 'actions/box', { exec: { kind: 'blackbox', image: 'me/box:1', code: ECHO } });
  await put(rest, 'actions/bare', { exec: { kind: 'blackbox', image: 'me/bare:1' } });
  await put(rest, 'actions/a-outer', { exec: { kind: 'sequence', components: ['/_/plain'] } });
  await put(rest, 'actions/shop/pipe', {
    exec: { kind: 'sequence', components: ['/_/shop/zipped', '/_/plain'] },
    annotations: [pair('web-export', true)],
  });
  await put(rest, 'actions/a-outer', { exec: { kind: 'sequence', components: ['/_/shop/pipe', '/_/plain'] } });
  await put(rest, 'actions/feeder', { exec: { kind: 'nodejs:20', code: FEED }, annotations: [pair('feed', true)] });
  await put(rest, 'triggers/fired', { parameters: [pair('from', 'trigger')], annotations: [pair('why', 'test')] });
  await put(rest, 'triggers/fed', { annotations: [pair('feed', `/${namespace}/feeder`)] });
  const told = await rest.post('_/actions/feeder?blocking=true', {
    lifecycleEvent: 'CREATE',
    triggerName: `/${namespace}/fed`,
    authKey: auth,
    cron: '* * * * *',
    payload: { password: PASSWORD },
  });
  if (told.status !== 200) throw new Error(told.text);
  await put(rest, 'rules/on', { trigger: '/_/fired', action: '/_/shop/pipe' });
  await put(rest, 'rules/off', { trigger: '/_/fired', action: '/_/plain', annotations: [pair('r', 1)] });
  await rest.post('_/rules/off', { status: 'inactive' });
  const [uuid = ''] = auth.split(':');
  for (const path of ['/one', '/two']) {
    const action = { name: 'plain', namespace: '_', backendMethod: 'GET', authkey: auth };
    const apidoc = {
      namespace: '_',
      gatewayBasePath: '/shop',
      gatewayPath: path,
      gatewayMethod: 'GET',
      id: 'API:_:/shop',
      action: { ...action, backendUrl: `https://localhost/api/v1/web/${namespace}/default/plain.json` },
    };
    const query = new URLSearchParams({ accesstoken: 'x', spaceguid: uuid, responsetype: 'json' });
    const made = await rest.post(`/api/v1/web/whisk.system/apimgmt/createApi.http?${query}`, { apidoc });
    if (made.status !== 200) throw new Error(made.text);
  }
};

describe('a project from one OpenWhisk to the next', () => {
  let servers: TestServer[];
  let whisks: OpenWhisk[];
  let folder: string;
  const told: string[] = [];
  const tell = (line: string): void => void told.push(line);
  const [from, to, third] = [0, 1, 2] as const;
  const whisk = (n: number): OpenWhisk => whisks[n] as OpenWhisk;
  const rest = (n: number): Rest => restClient((servers[n] as TestServer).url, (servers[n] as TestServer).auth);
  const options = (n: number) => ({
    target: whisk(n),
    dryRun: false,
    stateFile: join(folder, `state-${n}.json`),
    tell,
    keys: [(servers[n] as TestServer).auth],
  });
  const read = async (n: number) => (await readProject(whisk(n))).project;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-promote-'));
    servers = await Promise.all([0, 1, 2].map(() => startTestServer()));
    whisks = await Promise.all(servers.map(({ url, auth }) => OpenWhisk.open({ apihost: url, auth })));
    await fill(rest(from), (servers[from] as TestServer).auth);
  });
  afterAll(async () => {
    await Promise.all(servers.map(server => server[Symbol.asyncDispose]()));
    await rm(folder, { recursive: true, force: true });
  });

  it('is exported whole, without a secret', async () => {
    const { project, warnings } = await readProject(whisk(from));
    expect(warnings).toEqual([]);
    expect(project).toHaveLength(16);
    const referenced = takeSecrets(project);
    expect(Object.values(referenced.secrets).sort()).toEqual([PASSWORD, PASSWORD, TOKEN, WEB_KEY].sort());
    const dir = join(folder, 'shop');
    writeFolder(dir, 'guest', referenced, join(folder, 'shop.env'));
    expect((await stat(join(folder, 'shop.env'))).mode & 0o077).toBe(0);
    let texts = '';
    for (const name of await readdir(dir, { recursive: true }))
      if ((await stat(join(dir, name))).isFile()) texts += await readFile(join(dir, name), 'latin1');
    for (const secret of [PASSWORD, TOKEN, WEB_KEY, (servers[from] as TestServer).auth])
      expect(texts).not.toContain(secret);
    const { project: manifest } = parse(await readFile(join(dir, 'manifest.yaml'), 'utf8'));
    expect(manifest.packages.shop).toMatchObject({
      public: true,
      inputs: { dbPassword: ['$', '{PACKAGE_SHOP_DB_PASSWORD}'].join(''), region: 'eu' },
      actions: { zipped: { function: 'actions/shop/zipped.zip', runtime: 'nodejs:20', main: 'main' } },
    });
    expect(manifest.packages.default.rules.on).toEqual({ trigger: 'fired', action: 'shop/pipe' });
    expect(manifest.packages.default.sequences['a-outer'].actions).toBe('shop/pipe, plain');
    const secrets = readSecrets(join(folder, 'shop.env'));
    expect(readFolder(dir, name => secrets[name])).toEqual(project);
    expect(() => readFolder(dir, () => undefined)).toThrow(/^4 secrets have no value: .*PACKAGE_SHOP_DB_PASSWORD/);
  });

  it('is imported into an empty one, equal field by field; once more changes nothing', async () => {
    const secrets = readSecrets(join(folder, 'shop.env'));
    const project = readFolder(join(folder, 'shop'), name => secrets[name]);
    expect(await promote({ ...options(to), project, dryRun: true })).toBe(0);
    expect(await read(to)).toEqual([]);
    expect(await promote({ ...options(to), project })).toBe(16);
    expect(await read(to)).toEqual(await read(from));
    expect(await promote({ ...options(to), project })).toBe(0);
  });

  it('is promoted to a third, which answers as the first does', async () => {
    expect(await promote({ ...options(third), project: await read(to) })).toBe(16);
    expect(await read(third)).toEqual(await read(from));
    const api = `/api/${whisk(third).uuid}/shop/one?x=1`;
    const reply = await rest(third).get(api, { auth: null, headers: { 'x-require-whisk-auth': WEB_KEY } });
    expect([reply.status, reply.json?.x ?? reply.text]).toEqual([200, '1']);
    const ran = await rest(third).post('_/actions/a-outer?blocking=true&result=true', { y: 2 });
    expect(ran.json).toMatchObject({ y: 2, n: 1 });
    expect(await promote({ ...options(third), project: await read(to) })).toBe(0);
  });

  it('shows names of what differs, never values; changes that alone; takes it back', async () => {
    const before = await read(third);
    await put(rest(from), 'packages/shop', { parameters: [pair('dbPassword', 'other-secret-1'), pair('zone', 'b')] });
    await put(rest(from), 'actions/new', { exec: { kind: 'nodejs:20', code: ECHO } });
    await rest(from).post('_/rules/off', { status: 'active' });
    await put(rest(third), 'actions/theirs', { exec: { kind: 'nodejs:20', code: ECHO } });
    told.length = 0;
    const project = await read(from);
    expect(await promote({ ...options(third), project })).toBe(3);
    expect(told).toEqual(
      expect.arrayContaining([
        '~ package shop: parameters (~dbPassword +zone -region)',
        '+ action new',
        '~ rule off: status',
        expect.stringMatching(/3 to change, 14 equal, 1 only there, left alone$/),
      ]),
    );
    expect(await undo(options(third))).toBe(3);
    const after = (await read(third)).filter(({ name }) => name !== 'theirs');
    expect(after).toEqual(before);
    expect(told.join('\n')).not.toMatch(/other-secret-1|pa\$\$w0rd/);
  });

  it('goes on where it was cut off, and is then undone whole', async () => {
    const project = await read(from);
    const before = await read(third);
    const broken = project.map(one =>
      one.name === 'fed'
        ? { ...one, body: { ...one.body, feed: { action: '/_/feeder', parameters: { broken: PASSWORD } } } }
        : one,
    );
    const failure = await promote({ ...options(third), project: broken }).catch(error => error);
    expect(failure.message).toMatch(/^trigger fed was refused: .* done; the same command goes on/);
    expect(failure.message).not.toContain(PASSWORD);
    told.length = 0;
    expect(await promote({ ...options(third), project })).toBeGreaterThan(0);
    expect(told).toContain('going on with a promotion that was cut off');
    expect((await read(third)).filter(({ name }) => name !== 'theirs')).toEqual(project);
    await undo(options(third));
    expect(await read(third)).toEqual(before);
  });

  it('is kept from leading out of its folder', async () => {
    const dir = await mkdtemp(join(folder, 'evil-'));
    await writeFile(
      join(dir, 'manifest.yaml'),
      'project:\n  packages:\n    default:\n      actions:\n        a:\n          function: ../../../etc/passwd\n          runtime: nodejs:20\n',
    );
    expect(() => readFolder(dir, () => undefined)).toThrow(/leads out of its folder/);
  });
});
