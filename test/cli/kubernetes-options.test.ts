import { describe, expect, it } from 'vitest';
import { manifestOptions } from '../../src/cli/kubernetes-options.js';
import { launch } from '../support/launch.js';

const defaults = { namespace: 'miniwhisk', image: 'miniwhisk/server:1', storage: '10Gi', poolMemory: '8192', env: [] };
const read = (flags: object) => manifestOptions({ ...defaults, ...flags });

describe('the options of the manifest', () => {
  it('are taken as they are', () => {
    const env = ['MINIWHISK_PULL=never', 'MINIWHISK_GRACE=$(GRACE)', 'NODE_OPTIONS=--a=b'];
    expect(read({ ingress: 'ow.example', image: 'reg.example:5000/a/b@sha256:'.padEnd(91, 'a'), env })).toEqual({
      namespace: 'miniwhisk',
      image: 'reg.example:5000/a/b@sha256:'.padEnd(91, 'a'),
      ingress: 'ow.example',
      storage: '10Gi',
      poolMemory: 8192,
      env: { MINIWHISK_PULL: 'never', MINIWHISK_GRACE: '$(GRACE)', NODE_OPTIONS: '--a=b' },
    });
    for (const storage of ['500M', '1.5Ti', '20000000000', '1e10']) expect(read({ storage }).storage).toBe(storage);
  });

  it.each([
    [{ poolMemory: 'abc' }, 'Bad value for --pool-memory: expected a whole number from 128, got "abc".'],
    [{ poolMemory: '64' }, 'Bad value for --pool-memory: expected a whole number from 128, got 64.'],
    [{ storage: 'abc' }, 'Bad value for --storage: expected a size such as 10Gi, got "abc".'],
    [{ storage: '0Gi' }, '--storage'],
    [{ storage: '-1Gi' }, '--storage'],
    [{ storage: '10 GB' }, '--storage'],
    [{ image: 'a b' }, 'Bad value for --image: expected an image such as miniwhisk/server:1.0, got "a b".'],
    [{ namespace: 'Not_one' }, 'Bad value for --namespace: expected lower-case letters, '],
    [{ ingress: 'not a host' }, 'Bad value for --ingress: expected a host name such as ow.example, got "not a host".'],
    [{ ingress: 'https://ow.example' }, '--ingress'],
    [{ ingress: '*.ow.example' }, '--ingress'],
    [{ ingress: '10.0.0.1' }, '--ingress'],
    [{ env: ['x'] }, 'Bad value for --env: expected NAME=VALUE, got "x".'],
    [{ env: ['A B=1'] }, 'Bad value for --env: expected NAME=VALUE, got "A B=1".'],
    [{ env: ['MINIWHISK_PORTT=1'] }, 'there is no option MINIWHISK_PORTT. Did you mean MINIWHISK_PORT?'],
    [{ env: ['MINIWHISK_NOTHING_LIKE_IT=1'] }, 'there is no option MINIWHISK_NOTHING_LIKE_IT. See'],
    [{ env: ['MINIWHISK_PORT=x'] }, 'Bad value for MINIWHISK_PORT: expected a whole number from 0 to 65535, got "x".'],
  ])('%j are refused', (flags, text) => {
    expect(() => read(flags)).toThrow(text);
  });

  it('of the command line are those', async () => {
    const { code, stdout, stderr } = await launch(['kubernetes', 'manifest', '--pool-memory', 'abc']).exit;
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^miniwhisk: Bad value for --pool-memory: /)]);
    expect((await launch(['kubernetes', 'manifest']).exit).stdout).toMatch(/MINIWHISK_POOL_MEMORY\n +value: "8192"/);
  });
});
