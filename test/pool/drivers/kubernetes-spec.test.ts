import { describe, expect, it } from 'vitest';
import { labelValue, podName, podOf } from '../../../src/pool/drivers/kubernetes-spec.js';

const spec = {
  name: 'wsk0_1_guest_Hello World',
  kind: 'nodejs:20',
  image: 'example/nodejs:1',
  memory: 256,
  env: { __OW_API_HOST: 'http://10.0.0.1:3233', MINE: 'spec' },
  labels: { 'miniwhisk.action': 'guest/tools/hello' },
  cpuShares: 64,
};
const options = { instance: 'one', pullPolicy: 'Never' } as const;

describe('the pod of a function container', () => {
  it('never restarts, has no token and no service links, and the memory of its action', () => {
    const { metadata, spec: pod } = podOf(spec, 'name', options);
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(pod?.containers).toHaveLength(1);
    expect(pod?.containers[0]?.resources).toEqual({
      requests: { cpu: '63m', memory: '256Mi' },
      limits: { memory: '256Mi' },
    });
    expect(metadata?.labels).toEqual({
      'miniwhisk.instance': 'one',
      'miniwhisk.role': 'function',
      'miniwhisk.kind': 'nodejs-20',
      'miniwhisk.namespace': 'guest',
      'miniwhisk.action': 'tools.hello',
    });
  });

  it('is not told to end before its grace is over, whatever that is', () => {
    const hook = (seconds?: number): object | undefined => {
      const template = {
        spec: { containers: [], ...(seconds !== undefined && { terminationGracePeriodSeconds: seconds }) },
      };
      const { spec: pod } = podOf(spec, 'name', { ...options, template });
      expect(pod?.terminationGracePeriodSeconds).toBe(seconds ?? 60);
      return pod?.containers[0]?.lifecycle;
    };
    expect(hook()).toEqual({ preStop: { sleep: { seconds: 60 } } });
    expect(hook(5)).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(hook(0)).toBeUndefined();
  });

  it('has what the template says, but for what the server relies on', () => {
    const template = {
      metadata: { labels: { team: 'a', 'miniwhisk.instance': 'another' } },
      spec: {
        runtimeClassName: 'gvisor',
        nodeSelector: { pool: 'functions' },
        restartPolicy: 'Always',
        automountServiceAccountToken: true,
        containers: [
          {
            name: 'action',
            image: 'other',
            env: [
              { name: 'MINE', value: 'template' },
              { name: 'TZ', value: 'UTC' },
            ],
          },
          { name: 'beside', image: 'sidecar' },
        ],
      },
    };
    const { metadata, spec: pod } = podOf(spec, 'name', { ...options, template });
    expect(metadata?.labels).toMatchObject({ team: 'a', 'miniwhisk.instance': 'one' });
    expect(pod).toMatchObject({
      runtimeClassName: 'gvisor',
      nodeSelector: { pool: 'functions' },
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
    });
    const [action, beside] = pod?.containers ?? [];
    expect(action).toMatchObject({ name: 'action', image: 'example/nodejs:1' });
    expect(action?.env).toEqual([
      { name: 'TZ', value: 'UTC' },
      { name: '__OW_API_HOST', value: 'http://10.0.0.1:3233' },
      { name: 'MINE', value: 'spec' },
    ]);
    expect(beside).toEqual({ name: 'beside', image: 'sidecar' });
  });

  it('has a name and labels that Kubernetes takes', () => {
    expect(podName(spec.name)).toMatch(/^wsk0-1-guest-hello-world-[0-9a-f]{8}$/);
    expect(podName('___')).toMatch(/^wsk-[0-9a-f]{8}$/);
    expect(podName('x'.repeat(300)).length).toBeLessThan(64);
    expect(labelValue('-ä b/c.')).toBe('b-c');
    expect(labelValue('y'.repeat(100))).toHaveLength(63);
  });
});
