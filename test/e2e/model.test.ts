import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Body, type Collection, EntityModel, type Outcome } from '../support/entity-model.js';
import { type Reply, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Any history of PUT, GET, DELETE, status changes and lists answers as the model does. Each history has a namespace. */
const NAMESPACES = 1000;
const KEY = 'k'.repeat(64);
const subjects = Array.from({ length: NAMESPACES }, (_, i) => {
  const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  return { subject: `subject-${i}`, namespaces: [{ name: `ns-${i}`, uuid, key: KEY }] };
});

let dir: string;
let server: TestServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mw-model-'));
  const users = join(dir, 'users.json');
  writeFileSync(users, JSON.stringify(subjects));
  server = await startTestServer({ memory: true, users });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

const COLLECTIONS = ['actions', 'triggers', 'rules', 'packages'] as const;
/** Mostly each collection's own names, so that much succeeds; at times another's, which is then in the way. */
const OWN = { actions: ['a', 'b'], triggers: ['t', 'u'], rules: ['r', 's'], packages: ['p', 'q'] } as const;
const any = fc.constantFrom(...Object.values(OWN).flat());
const nameOf = (of: Collection): fc.Arbitrary<string> =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...OWN[of]) }, { weight: 1, arbitrary: any });
const mostly = fc.integer({ min: 0, max: 3 }).map(n => n > 0);
const packaged = fc.tuple(nameOf('packages'), nameOf('actions')).map(([p, n]) => `${p}/${n}`);
const action = fc.oneof(nameOf('actions'), packaged);
const collection = fc.constantFrom(...COLLECTIONS);
const place = fc.oneof(
  ...COLLECTIONS.map(of => fc.tuple(fc.constant(of), nameOf(of))),
  fc.tuple(fc.constant('actions' as const), packaged),
) as fc.Arbitrary<[Collection, string]>;
const values = fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.nat(9), { maxKeys: 3, noNullPrototype: true });
const optional = <T>(arbitrary: fc.Arbitrary<T>, freq = 1): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });
const body = fc.record({
  exec: mostly,
  parameters: optional(values),
  annotations: optional(values),
  publish: optional(fc.boolean()),
  version: optional(fc.constantFrom('1.0.0', '2.3.4')),
  binding: optional(nameOf('packages')),
  trigger: optional(nameOf('triggers'), 4),
  action: optional(action, 4),
});

type Step =
  | { do: 'put'; at: [Collection, string]; body: Body; overwrite: boolean }
  | { do: 'get'; at: [Collection, string] }
  | { do: 'delete'; at: [Collection, string]; force: boolean }
  | { do: 'status'; rule: string; status: string }
  | { do: 'list'; in: Collection; skip: number; limit: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      at: place,
      body: body as fc.Arbitrary<Body>,
      overwrite: mostly,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get' as const), at: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), at: place, force: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('status' as const),
      rule: nameOf('rules'),
      status: fc.constantFrom('active', 'inactive'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      in: collection,
      skip: fc.nat(3),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/** What a collection takes of a body. */
const relevant = (of: Collection, given: Body): Body => ({
  ...(of === 'actions' && given.exec !== undefined && { exec: given.exec }),
  ...(of !== 'rules' && given.parameters && { parameters: given.parameters }),
  ...(given.annotations && { annotations: given.annotations }),
  ...(given.publish !== undefined && { publish: given.publish }),
  ...(given.version !== undefined && { version: given.version }),
  ...(of === 'packages' && given.binding !== undefined && { binding: given.binding }),
  ...(of === 'rules' && given.trigger !== undefined && { trigger: given.trigger }),
  ...(of === 'rules' && given.action !== undefined && { action: given.action }),
});

const pairs = (map: Record<string, unknown>): object[] => Object.entries(map).map(([key, value]) => ({ key, value }));
const wire = ({ exec, parameters, annotations, binding, trigger, action: target, ...rest }: Body): object => ({
  ...rest,
  ...(exec && { exec: { kind: 'nodejs:20', code: 'x' } }),
  ...(parameters && { parameters: pairs(parameters) }),
  ...(annotations && { annotations: pairs(annotations) }),
  ...(binding !== undefined && { binding: { namespace: '_', name: binding } }),
  ...(trigger !== undefined && { trigger: `/_/${trigger}` }),
  ...(target !== undefined && { action: `/_/${target}` }),
});

const map = (list: { key: string; value: unknown }[] | undefined): object =>
  Object.fromEntries((list ?? []).map(({ key, value }) => [key, value]));
const join2 = (ref: { path: string; name: string }): string => [...ref.path.split('/').slice(1), ref.name].join('/');

/** The parts of an answer that the model knows. */
const seen = ({ status, json }: Reply, of: Collection): Outcome => {
  if (status !== 200) return [status];
  const { binding: _, ...annotations } = map(json.annotations) as Record<string, unknown>;
  return [
    200,
    {
      version: json.version,
      publish: json.publish,
      ...(of !== 'rules' && { parameters: map(json.parameters) }),
      annotations,
      ...(of === 'packages' && json.binding?.name && { binding: json.binding.name }),
      ...(of === 'rules' && { trigger: join2(json.trigger), action: join2(json.action), status: json.status }),
      ...(of === 'triggers' && json.rules && { rules: rulesOf(json.rules) }),
    } as never,
  ];
};
const rulesOf = (rules: Record<string, { action: { path: string; name: string }; status: string }>): object =>
  Object.fromEntries(
    Object.entries(rules).map(([rule, link]) => [
      join2({ path: 'ns', name: rule.split('/')[1] as string }),
      { action: join2(link.action), status: link.status },
    ]),
  );
const expected = ([status, entity]: Outcome, of: Collection): Outcome => {
  if (!entity) return [status];
  const { in: _in, at: _at, parameters, binding, ...rest } = entity;
  return [
    status,
    { ...rest, ...(of !== 'rules' && { parameters }), ...(binding !== undefined && { binding }) } as never,
  ];
};

const play = async (rest: Rest, model: EntityModel, s: Step): Promise<void> => {
  switch (s.do) {
    case 'put': {
      const [of, path] = s.at;
      const given = relevant(of, s.body);
      const reply = await rest.put(`_/${of}/${path}?overwrite=${s.overwrite}`, wire(given));
      expect(seen(reply, of)).toEqual(expected(model.put(of, path, given, s.overwrite), of));
      return;
    }
    case 'get': {
      const [of, path] = s.at;
      expect(seen(await rest.get(`_/${of}/${path}`), of)).toEqual(expected(model.get(of, path), of));
      return;
    }
    case 'delete': {
      const [of, path] = s.at;
      const reply = await rest.delete(`_/${of}/${path}?force=${s.force}`);
      expect(seen(reply, of)).toEqual(expected(model.delete(of, path, s.force), of));
      return;
    }
    case 'status':
      expect((await rest.post(`_/rules/${s.rule}`, { status: s.status })).status).toBe(
        model.setStatus(s.rule, s.status),
      );
      return;
    case 'list': {
      const all = model.list(s.in);
      const { json } = await rest.get(`_/${s.in}?skip=${s.skip}&limit=${s.limit}`);
      const paths = json.map((row: { namespace: string; name: string }) =>
        join2({ path: row.namespace, name: row.name }),
      );
      expect(paths).toEqual(all.slice(s.skip, s.skip + s.limit));
      const counted = (await rest.get(`_/${s.in}?count=true&skip=${s.skip}`)).json;
      expect(counted).toEqual({ [s.in]: Math.max(0, all.length - s.skip) });
      return;
    }
  }
};

/** Something to work on, so that not everything is missing. */
const start: Step[] = [
  ['packages', 'p'],
  ['packages', 'q', { binding: 'p' }],
  ['actions', 'a'],
  ['actions', 'p/a'],
  ['triggers', 't'],
  ['triggers', 'u'],
  ['rules', 'r', { trigger: 't', action: 'q/a' }],
].map(
  ([of, path, more]) =>
    ({ do: 'put', at: [of, path], body: { exec: true, ...(more as Body) }, overwrite: false }) as Step,
);

it('answers any history as the model does', async () => {
  let next = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), async history => {
      const { uuid } = (subjects[next++ % NAMESPACES] as (typeof subjects)[number]).namespaces[0] as { uuid: string };
      const rest = restClient(server.url, `${uuid}:${KEY}`);
      const model = new EntityModel();
      for (const s of [...start, ...history]) await play(rest, model, s);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 50_000 },
  );
}, 60_000);
