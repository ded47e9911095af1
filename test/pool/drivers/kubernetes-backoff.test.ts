import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KubernetesDriver } from '../../../src/pool/drivers/kubernetes.js';
import { Backoff } from '../../../src/pool/drivers/kubernetes-backoff.js';

describe('Backoff', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Callers that wait for their turn, and who has got it, in order. */
  const callers = (backoff: Backoff, count: number, ms = 60_000) => {
    const turns: (() => void)[] = [];
    const ended = Array.from({ length: count }, async () => {
      const end = await backoff.turn(Date.now() + ms);
      if (end) turns.push(end);
      return end !== undefined;
    });
    return { turns, ended: Promise.all(ended) };
  };

  it('lets all go on at once while there is room', async () => {
    const { turns, ended } = callers(new Backoff(), 3);
    expect(await ended).toEqual([true, true, true]);
    for (const end of turns) end();
  });

  it('lets one try after a refusal, and the others go on when that one was served', async () => {
    const backoff = new Backoff();
    backoff.refused();
    const { turns, ended } = callers(backoff, 3);
    await vi.advanceTimersByTimeAsync(499);
    expect(turns).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(turns).toHaveLength(1);
    backoff.served();
    expect(await ended).toEqual([true, true, true]);
  });

  it('gives the turn to the next at once when it ended without an answer, and to one at a time', async () => {
    const backoff = new Backoff();
    backoff.refused();
    const { turns } = callers(backoff, 3);
    await vi.advanceTimersByTimeAsync(500);
    for (let n = 1; n <= 3; n++) {
      expect(turns).toHaveLength(n);
      for (const end of turns) end();
      await vi.advanceTimersByTimeAsync(0);
    }
  });

  it('takes no turn from another: one that was refused, or that began while there was room, has none to give', async () => {
    const backoff = new Backoff();
    const early = callers(backoff, 1);
    await early.ended;
    backoff.refused();
    const { turns } = callers(backoff, 3);
    await vi.advanceTimersByTimeAsync(500);
    backoff.refused();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(turns).toHaveLength(2);
    turns[0]?.();
    early.turns[0]?.();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(turns).toHaveLength(2);
  });

  it('has no turn for who cannot wait for it', async () => {
    const backoff = new Backoff();
    backoff.refused();
    const { ended } = callers(backoff, 2, 499);
    await vi.advanceTimersByTimeAsync(499);
    expect(await ended).toEqual([false, false]);
  });
});

/** A cluster that has no pods, and answers to each new one with the next refusal: status and message. */
const startApi = async (refusals: (readonly [number, string])[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'api-'));
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('Content-Type', 'application/json');
    if (request.url?.includes('watch=true')) return response.flushHeaders();
    if (request.method !== 'POST') {
      return response.end(JSON.stringify({ kind: 'PodList', items: [], metadata: { resourceVersion: '1' } }));
    }
    const [status, message] = refusals.shift() ?? [400, 'asked once too often'];
    return response.writeHead(status).end(JSON.stringify({ kind: 'Status', message }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, 'config');
  const names = { cluster: 'c', user: 'u' };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: names }],
      'current-context': 'x',
    }),
  );
  return {
    kubeconfig,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
};

describe('KubernetesDriver', () => {
  it('goes on with the next container when the one that tried a full cluster failed for another reason', async () => {
    await using api = await startApi([
      [403, 'exceeded quota: pods'],
      [403, 'exceeded quota: pods'],
      [403, 'not allowed at all'],
      [403, 'nor this one'],
    ]);
    const options = { kubeconfig: api.kubeconfig, namespace: 'n', instance: 'i', pull: 'never' } as const;
    const driver = await KubernetesDriver.open({ ...options, startTimeoutMs: 5_000 });
    const create = (name: string) =>
      driver.create({ name, kind: 'nodejs:20', image: 'i', memory: 128, env: {}, labels: {}, cpuShares: 2 });
    try {
      const created = await Promise.all(['a', 'b'].map(name => create(name).catch((error: Error) => error.message)));
      expect(created.sort()).toEqual(['nor this one', 'not allowed at all']);
    } finally {
      await driver.close();
    }
  });
});
