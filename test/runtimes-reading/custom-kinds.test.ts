import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { withKinds } from '../../src/runtimes/custom-kinds.js';
import { loadManifest } from '../../src/runtimes/manifest.js';

const base = loadManifest();

describe('withKinds', () => {
  it('adds a kind of a new family, which is its default', () => {
    const runtimes = withKinds(base, ['mylang=myorg/myimage:tag', 'mylang:2=host.example:5000/my:2']);
    expect(runtimes.kind('mylang')).toMatchObject({ family: 'mylang', image: 'myorg/myimage:tag', default: true });
    expect(runtimes.kind('mylang:2')).toMatchObject({ family: 'mylang', image: 'host.example:5000/my:2' });
    expect(runtimes.resolveDefault('mylang:default')).toBe('mylang');
    expect(runtimes.families()['mylang']?.map(({ kind, default: d }) => [kind, d])).toEqual([
      ['mylang', true],
      ['mylang:2', false],
    ]);
    expect(runtimes.kinds()).toEqual([...base.kinds(), 'mylang', 'mylang:2']);
    expect(runtimes.resolveDefault('nodejs:default')).toBe(base.resolveDefault('nodejs:default'));
    expect(runtimes.families()['nodejs']).toEqual(base.families()['nodejs']);
  });

  it('gives a kind of the manifest another image, and a family another version', () => {
    const runtimes = withKinds(base, ['nodejs:20=own/node', 'nodejs:99=own/node:99']);
    expect(runtimes.kind('nodejs:20')).toEqual({ ...base.kind('nodejs:20'), image: 'own/node' });
    expect(runtimes.kind('nodejs:99')).toMatchObject({ family: 'nodejs', default: false, image: 'own/node:99' });
    expect(runtimes.resolveDefault('nodejs:default')).toBe(base.resolveDefault('nodejs:default'));
  });

  it('is the manifest itself without any', () => expect(withKinds(base, [])).toBe(base));

  it.each([
    ['mylang', /expected KIND=IMAGE, got 'mylang'/],
    ['=image', /expected a kind/],
    ['My Lang=image', /expected a kind/],
    ['mylang=', /'' is no image's name/],
    ['mylang=org/UPPER', /'org\/UPPER' is no image's name/],
    ['blackbox=image', /meaning of its own/],
    ['sequence:1=image', /meaning of its own/],
    ['mylang:default=image', /meaning of its own/],
  ])('refuses %s', (word, text) => {
    expect(() => withKinds(base, [word])).toThrow(UsageError);
    expect(() => withKinds(base, [word])).toThrow(text);
  });
});
