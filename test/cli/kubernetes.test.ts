import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kubernetesManifest } from '../../src/cli/kubernetes-manifest.js';
import { defaultSubjects } from '../../src/server/defaults.js';
import { describeKubernetes } from '../support/kubernetes.js';
import { Cluster } from '../support/kubernetes-cluster.js';
import { eventually } from '../support/rest.js';

// biome-ignore lint/suspicious/noExplicitAny: the client has no exact types
const openwhisk = createRequire(import.meta.url)('openwhisk') as (options: object) => any;
const root = fileURLToPath(new URL('../..', import.meta.url));
const BASE = 'miniwhisk/action-nodejs-v20:local';
const SERVER = 'miniwhisk/server:test';
const namespace = 'whisk';

const options = { namespace, image: SERVER, storage: '1Gi', poolMemory: 1024, env: {} };

describe('the manifest', () => {
  it('has everything, an Ingress when one is wanted, and the options that are given last', () => {
    const kinds = (more: object): unknown[] => kubernetesManifest({ ...options, ...more }).map(one => one['kind']);
    const all = ['Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'NetworkPolicy', 'NetworkPolicy', 'Service'];
    expect(kinds({})).toEqual([...all, 'StatefulSet', 'PodDisruptionBudget']);
    expect(kinds({ ingress: 'ow.example' })).toEqual([...all, 'StatefulSet', 'PodDisruptionBudget', 'Ingress']);
    const text = JSON.stringify(
      kubernetesManifest({ ...options, ingress: 'ow.example', env: { MINIWHISK_PULL: 'never' } }),
    );
    expect(text).toContain('{"name":"MINIWHISK_PULL","value":"never"}');
    expect(text).toContain('miniwhisk.whisk.svc,miniwhisk.whisk.svc.cluster.local,ow.example');
  });
});

describeKubernetes('the manifest, applied', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    const built = spawnSync(process.execPath, ['bin/server-image.js', '--base', BASE, '--tag', SERVER], {
      cwd: root,
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(built.stderr);
    cluster = await Cluster.start({ images: [BASE] });
    await cluster.import(SERVER);
    await cluster.startProxy();
    const folder = join(cluster.folder, 'volume');
    await mkdir(folder);
    await chmod(folder, 0o777);
    const manifest = kubernetesManifest({
      ...options,
      env: {
        MINIWHISK_PULL: 'never',
        MINIWHISK_MANIFEST: '/usr/lib/miniwhisk/runtimes/runtimes.local.json',
        MINIWHISK_AUTH: 'default',
      },
    });
    await writeFile(join(cluster.folder, 'manifest.yaml'), manifest.map(one => stringify(one)).join('---\n'));
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'volume' },
      spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: folder } },
    });
    await cluster.kubectl('apply', '-f', join(cluster.folder, 'manifest.yaml'));
  }, 400_000);
  afterAll(() => cluster?.[Symbol.asyncDispose](), 90_000);

  it('is taken as it is', async () => {
    const file = join(cluster.folder, 'manifest.yaml');
    // biome-ignore lint/suspicious/noExplicitAny: objects of the API
    const objects = async (): Promise<any[]> =>
      JSON.parse(await cluster.kubectl('get', '-f', file, '-o', 'json')).items.map(
        // The status is the cluster's, and versions and who wrote last change with it.
        // biome-ignore lint/suspicious/noExplicitAny: objects of the API
        ({ status: _, metadata: { resourceVersion: _v, managedFields: _m, ...metadata }, ...one }: any) => ({
          ...one,
          metadata,
        }),
      );
    const before = await objects();
    const said = (await cluster.kubectl('apply', '-f', file)).split('\n');
    expect(await objects()).toEqual(before);
    expect(before.map(one => one.kind)).toEqual(kubernetesManifest(options).map(one => one['kind']));
    // kubectl sends these anew each time, defaults or not: lists of claims and budgets' selectors are replaced as wholes.
    const resent = /^(statefulset\.apps|poddisruptionbudget\.policy)\/miniwhisk configured$/;
    expect(said.filter(line => !/ unchanged$/.test(line) && !resent.test(line))).toEqual([]);
    const generations = before.filter(one => /^(StatefulSet|NetworkPolicy)$/.test(one.kind));
    expect(generations.map(one => one.metadata.generation)).toEqual([1, 1, 1]);
  });

  it('lets the server have pods of its namespace, and nothing else', async () => {
    const can = (verb: string, what: string, ...more: string[]): Promise<string> =>
      cluster
        .kubectl('auth', 'can-i', verb, what, `--as=system:serviceaccount:${namespace}:miniwhisk`, ...more)
        .catch(error => String(error.message));
    for (const verb of ['create', 'get', 'list', 'watch', 'delete'])
      expect(await can(verb, 'pods', '-n', namespace)).toBe('yes');
    expect(await can('create', 'pods', '--subresource=attach', '-n', namespace)).toBe('yes');
    expect(await can('get', 'pods', '--subresource=log', '-n', namespace)).toBe('yes');
    for (const [verb, what, ...more] of [
      ['update', 'pods', '-n', namespace],
      ['patch', 'pods', '-n', namespace],
      ['deletecollection', 'pods', '-n', namespace],
      ['create', 'pods', '--subresource=exec', '-n', namespace],
      ['get', 'secrets', '-n', namespace],
      ['get', 'configmaps', '-n', namespace],
      ['create', 'serviceaccounts', '-n', namespace],
      ['create', 'pods', '-n', 'default'],
      ['list', 'pods', '-A'],
      ['list', 'nodes'],
      ['create', 'deployments.apps', '-n', namespace],
      ['create', 'rolebindings.rbac.authorization.k8s.io', '-n', namespace],
      ['*', '*', '-n', namespace],
    ] as const)
      expect([verb, what, ...more, await can(verb, what, ...more)].at(-1)).not.toMatch(/^yes/);
  });

  it('brings up the server, which runs an action for a client of its Service', { timeout: 240_000 }, async () => {
    const pod = 'miniwhisk-0';
    await eventually(async () => {
      const ready = await cluster
        .kubectl('get', 'pod', pod, '-n', namespace, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
        .catch(() => '');
      return ready === 'True' ? true : undefined;
    }, 120_000).catch(async error => {
      const why = await cluster.kubectl('describe', 'pod', pod, '-n', namespace).catch(String);
      const logs = await cluster.kubectl('logs', pod, '-n', namespace).catch(String);
      throw new Error(`${error.message}\n${why}\n${logs}`);
    });
    const of = (what: string, path: string): Promise<string> =>
      cluster.kubectl('get', ...what.split(' '), '-n', namespace, '-o', `jsonpath={${path}}`);
    // The controller that writes these does not build from Kubernetes' module; what it would write is known.
    await cluster.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'miniwhisk-1', namespace, labels: { 'kubernetes.io/service-name': 'miniwhisk' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [await of(`pod ${pod}`, '.status.podIP')], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 3233, protocol: 'TCP' }],
    });
    const address = await of('service miniwhisk', '.spec.clusterIP');
    const [guest] = (defaultSubjects[0] as (typeof defaultSubjects)[number]).namespaces;
    const client = openwhisk({ apihost: `http://${address}:3233`, api_key: `${guest?.uuid}:${guest?.key}` });
    const action =
      'function main({ name }) { return { hello: name, api: process.env.__OW_API_HOST, pod: process.env.HOSTNAME } }';
    await eventually(
      () =>
        client.actions
          .update({ name: 'hello', action })
          .then(() => true)
          .catch(() => undefined),
      60_000,
    );
    const reply = await client.actions.invoke({ name: 'hello', params: { name: 'you' }, blocking: true, result: true });
    expect(reply).toMatchObject({ hello: 'you', api: `http://${await of(`pod ${pod}`, '.status.podIP')}:3233` });
    const functions = await of('pods -l miniwhisk.role=function', '.items[*].metadata.name');
    expect(functions.split(' ')).toContain(reply.pod);
    expect(await of(`pod ${reply.pod}`, '.spec.automountServiceAccountToken')).toBe('false');
    await cluster.kubectl('delete', 'pod', pod, '-n', namespace, '--wait=true');
    expect(await of('pods -l miniwhisk.role=function', '.items[*].metadata.name')).not.toContain(reply.pod);
  });
});
