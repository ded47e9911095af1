import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outcome } from '../../src/messages.js';
import { describeKubernetes } from '../support/kubernetes.js';
import { Cluster } from '../support/kubernetes-cluster.js';
import { eventually, type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SLEEP = 'function main({ ms, n }) { return new Promise(done => setTimeout(() => done({ n }), ms)); }';

interface Record {
  readonly activationId: string;
  readonly response: {
    readonly success: boolean;
    readonly status: string;
    readonly result: { readonly error?: unknown };
  };
}

/** The suites that can be aimed at any server, and run nothing but nodejs. */
const SUITES = ['client', 'lines', 'sequences', 'conductors', 'rules', 'packages', 'activations', 'sharing'];

const runSuites = (env: NodeJS.ProcessEnv): Promise<{ readonly code: number | null; readonly said: string }> =>
  new Promise(resolve => {
    const files = SUITES.map(name => `test/e2e/${name}.test.ts`);
    const args = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      'test/vitest.config.ts',
      '--maxWorkers=1',
      ...files,
    ];
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env, NO_COLOR: '1' } });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', chunk => {
        said += chunk;
      });
    child.on('close', code => resolve({ code, said }));
  });

describeKubernetes('on Kubernetes, two nodes', () => {
  let cluster: Cluster;
  let server: TestServer;
  let rest: Rest;

  beforeAll(async () => {
    cluster = await Cluster.start({ images: ['miniwhisk/action-nodejs-v20:local'], nodes: 2, memory: 3000 });
    server = await startTestServer({
      driver: 'kubernetes',
      kubeConfig: cluster.kubeconfig,
      kubeNamespace: cluster.namespace,
      kubeStartTimeout: 20,
      pull: 'never',
      poolMemory: 3072,
    });
    rest = restClient(server.url, server.auth);
  }, 180_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    if (cluster) expect(await cluster.pods()).toEqual([]);
    await cluster?.[Symbol.asyncDispose]();
  }, 90_000);

  const record = (id: string, ms = 60_000): Promise<Record> =>
    eventually(async () => {
      const { status, json } = await rest.get(`_/activations/${id}`);
      return status === 200 ? (json as Record) : undefined;
    }, ms);
  const fire = async (name: string, body: object): Promise<string> => {
    const reply = await rest.post(`_/actions/${name}`, body);
    expect(reply.status).toBe(202);
    return reply.json.activationId;
  };

  /** How many pods the API has refused so far. */
  const refusals = async (): Promise<number> => {
    const metrics = await cluster.kubectl('get', '--raw', '/metrics');
    const rows = metrics.split('\n').filter(row => /^apiserver_request_total\{.*resource="pods"/.test(row));
    const refused = rows.filter(row => /code="403"/.test(row) && /verb="POST"/.test(row) && /dry_run=""/.test(row));
    return refused.reduce((sum, row) => sum + Number(row.split(' ').at(-1)), 0);
  };

  it('passes the e2e suites', { timeout: 500_000 }, async () => {
    const { code, said } = await runSuites({
      OW_APIHOST: server.url,
      OW_AUTH: server.auth,
      OW_AUTH_OTHER: server.other,
    });
    process.stdout.write(`${said.trim().split('\n').slice(-8).join('\n')}\n`);
    expect(code, said).toBe(0);
  });

  it('says what a full quota means, keeps from asking, and serves again when there is room', async () => {
    // No stem cell has this memory.
    await rest.action('small', 'function main() { return { ok: true } }', { limits: { memory: 160 } });
    await cluster.kubectl('create', 'quota', 'none', '-n', cluster.namespace, '--hard=pods=0');
    try {
      // The cluster has no controller that counts; and the API takes a moment to see the quota.
      const status = JSON.stringify({ status: { hard: { pods: '0' }, used: { pods: '0' } } });
      const patch = ['patch', 'quota', 'none', '-n', cluster.namespace, '--type=merge', '-p', status];
      await cluster.kubectl(...patch, '--subresource=status');
      await eventually(
        () =>
          cluster.kubectl('run', 'probe', '--image=none', '--dry-run=server', '-n', cluster.namespace).then(
            () => undefined,
            error => (/exceeded quota: none/.test(error.message) ? true : undefined),
          ),
        40_000,
      );
      const before = await refusals();
      const reply = await rest.post('_/actions/small?blocking=true', {});
      expect(reply.status).toBe(500);
      expect(reply.json.response).toMatchObject({
        status: 'whisk internal error',
        result: { error: outcome.notProvisioned },
      });
      // Half a second after the first, then twice as long each time, in the 20 s that a pod may take.
      const asked = (await refusals()) - before;
      expect(asked).toBeGreaterThan(1);
      expect(asked).toBeLessThan(10);
    } finally {
      await cluster.kubectl('delete', 'quota', 'none', '-n', cluster.namespace);
    }
    expect((await rest.post('_/actions/small?blocking=true&result=true', {})).json).toEqual({ ok: true });
  });

  it('gives a pod that is being drained nothing more, and lets it end what it runs', async () => {
    await rest.action('drained', SLEEP, { limits: { memory: 128 } });
    const id = await fire('drained', { ms: 4000, n: 1 });
    const pod = await eventually(async () => (await cluster.pods('miniwhisk.action=drained'))[0], 20_000);
    await cluster.kubectl('wait', '--for=condition=Ready', `pod/${pod}`, '-n', cluster.namespace, '--timeout=20s');
    const deletion = cluster.kubectl('delete', 'pod', pod, '-n', cluster.namespace);
    expect((await record(id)).response).toMatchObject({ success: true, result: { n: 1 } });
    expect((await rest.post('_/actions/drained?blocking=true&result=true', { ms: 1, n: 2 })).json).toEqual({ n: 2 });
    await deletion;
    expect(await cluster.pods('miniwhisk.action=drained')).not.toContain(pod);
  });

  it('spreads pods over the nodes; a node that is lost ends what it ran once, and its room is free again', {
    timeout: 240_000,
  }, async () => {
    await rest.action('spread', SLEEP, { limits: { memory: 256, timeout: 45_000 } });
    // Long enough that the first still sleep when the last of the eight pods is there, on a busy machine too.
    const ids = await Promise.all(Array.from({ length: 8 }, (_, n) => fire('spread', { ms: 30_000, n })));
    const nodes = await eventually(async () => {
      const pods = await cluster.pods('miniwhisk.action=spread');
      if (pods.length < 8) return undefined;
      const names = await Promise.all(pods.map(pod => cluster.nodeOf(pod)));
      return names.every(Boolean) ? names : undefined;
    }, 60_000);
    expect(new Set(nodes).size).toBe(2);
    await cluster.node('node-2').cutPower();
    const records = await Promise.all(ids.map(id => record(id, 120_000)));
    expect(new Set(records.map(one => one.activationId)).size).toBe(8);
    const failed = records.filter(one => !one.response.success);
    process.stdout.write(
      `lost node: ${failed.length} of 8 activations ended as ${[...new Set(failed.map(one => one.response.status))]}\n`,
    );
    expect(failed.length).toBeLessThan(8);
    // The pool has all of its memory again, and the living node takes what comes.
    const more = await Promise.all(Array.from({ length: 6 }, (_, n) => fire('spread', { ms: 500, n })));
    for (const one of await Promise.all(more.map(id => record(id, 120_000))))
      expect([true, false]).toContain(one.response.success);
    await eventually(async () => {
      const reply = await rest.post('_/actions/spread?blocking=true&result=true', { ms: 1, n: 7 });
      return reply.json?.n === 7 ? true : undefined;
    }, 90_000);
  });
});
