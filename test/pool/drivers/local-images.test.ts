import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/pool/drivers/docker-engine.js';
import { type ImageOptions, Images } from '../../../src/pool/drivers/images.js';
import { adviceFor, localName, makingOf } from '../../../src/pool/drivers/local-images.js';

const OWN = 'openwhisk/action-nodejs-v20:nightly';
const LOCAL = 'miniwhisk/action-nodejs-v20:local';

/** Images of an engine that has these, for an architecture of their own where it is named; what it pulls it then has. */
const world = (here: readonly string[], options: Partial<ImageOptions> = {}) => {
  const names = new Set(here);
  const pulled: string[] = [];
  const told: string[] = [];
  const engine = {
    info: async () => ({ architecture: 'amd64' }),
    image: async (name: string) =>
      names.has(name)
        ? { id: name, size: 7, architecture: name.startsWith('openwhisk/') ? 'arm64' : 'amd64' }
        : undefined,
    images: async () => new Map([...names].map(name => [name, 7])),
    pull: async (name: string) => {
      pulled.push(name);
      names.add(name);
      return Readable.from([]);
    },
  } as unknown as Engine;
  const onLocal = (image: string, local: string): void => void told.push(`${image} ${local}`);
  return { names, pulled, told, images: new Images(engine, { policy: 'missing', onLocal, ...options }) };
};

describe('an image built here', () => {
  it("stands in for OpenWhisk's own of the same name, without a pull, and that is told once", async () => {
    const { images, pulled, told } = world([LOCAL]);
    expect(await images.has(OWN)).toBe(true);
    images.want(OWN);
    await images.provide(OWN);
    expect([pulled, told]).toEqual([[], []]);
    expect([await images.nameOf(OWN), await images.nameOf(OWN)]).toEqual([LOCAL, LOCAL]);
    expect(told).toEqual([`${OWN} ${LOCAL}`]);
    expect(await images.note(OWN)).toBeUndefined();
    expect(await images.report([OWN])).toEqual([{ image: OWN, here: true, local: LOCAL, size: 7 }]);
  });

  it('does not where the image itself is there, or has been pulled since', async () => {
    const both = world([OWN, LOCAL]);
    expect(await both.images.nameOf(OWN)).toBe(OWN);
    expect(await both.images.report([OWN])).toMatchObject([{ image: OWN, here: true, size: 7 }]);
    expect((await both.images.report([OWN]))[0]).not.toHaveProperty('local');
    const { images, pulled } = world([LOCAL]);
    expect([await images.nameOf(OWN), await images.hasItself(OWN)]).toEqual([LOCAL, false]);
    await images.fetchMissing(OWN);
    expect([await images.nameOf(OWN), pulled]).toEqual([OWN, [OWN]]);
  });

  it('is pulled past by who wants the newest at each start', async () => {
    const { images, pulled } = world([LOCAL], { policy: 'always' });
    await images.provide(OWN);
    expect([await images.nameOf(OWN), pulled]).toEqual([OWN, [OWN]]);
  });

  it('comes in when the image itself has gone, and a pull when both have', async () => {
    const { images, names, pulled } = world([OWN, LOCAL]);
    expect(await images.nameOf(OWN)).toBe(OWN);
    names.delete(OWN);
    await images.regain(OWN);
    expect([await images.nameOf(OWN), pulled]).toEqual([LOCAL, []]);
    names.delete(LOCAL);
    await images.regain(OWN);
    expect([await images.nameOf(OWN), pulled]).toEqual([OWN, [OWN]]);
  });

  it.each([
    ['openwhisk/action-nodejs-v20', LOCAL],
    ['openwhisk/dockerskeleton:1.2', 'miniwhisk/dockerskeleton:local'],
    ['openwhisk/a@sha256:abc', undefined],
    ['mirror.example/openwhisk/a:1', undefined],
    ['openwhisk/team/a:1', undefined],
    ['me/action-nodejs-v20:1', undefined],
    [LOCAL, undefined],
  ])('for %s is %s', async (image, local) => {
    expect(localName(image)).toBe(local);
    const { images } = world([LOCAL, 'miniwhisk/a:local']);
    if (local === undefined) expect(await images.nameOf(image)).toBe(image);
  });
});

describe('what is said of an image that is not there', () => {
  const dial = 'dial tcp: lookup registry-1.docker.io: no such host';
  it.each([
    [OWN, {}, `Get it with 'docker pull ${OWN}', or build it with 'npm run images -- nodejs:20'.`],
    [OWN, { checkout: false }, `Get it with 'docker pull ${OWN}'.`],
    [OWN, { checkout: false, failure: dial }, `Get it with 'docker pull ${OWN}' in another network.`],
    [
      OWN,
      { checkout: false, onlyContainers: true },
      `Get it with 'docker pull ${OWN}', or run nodejs:20 as a process (--driver process).`,
    ],
    ['openwhisk/action-swift-v5.7:nightly', {}, "Get it with 'docker pull openwhisk/action-swift-v5.7:nightly'."],
    ['me/nope:1', { onlyContainers: true, failure: 'pull access denied' }, "Get it with 'docker pull me/nope:1'."],
    ['me/nope', {}, "Get it with 'docker pull me/nope:latest'."],
    ['openwhisk/dockerskeleton:nightly', { onlyContainers: true }, /or build it with 'npm run images -- skeleton'\.$/],
    ['miniwhisk/action-nodejs-v22:local', {}, "Build it with 'npm run images -- nodejs:22'."],
    [
      'miniwhisk/action-nodejs-v22:local',
      { checkout: false },
      "Bring it from another machine with 'miniwhisk images save' and 'load'.",
    ],
  ] as const)('%s, %j: %s', (image, situation, text) => {
    if (typeof text === 'string') expect(adviceFor(image, situation)).toBe(text);
    else expect(adviceFor(image, situation)).toMatch(text);
  });

  it('is said with the reason', () => {
    const { images } = world([], { policy: 'never' });
    expect(images.reason('me/nope:1')).toBe(
      "Image 'me/nope:1' is not on this machine, and nothing is pulled (--pull never). Get it with 'docker pull me/nope:1'.",
    );
  });

  it('names the command that makes one for this machine, and how it comes to be used', async () => {
    const { images } = world([OWN]);
    expect(await images.note(OWN)).toMatch(
      /emulated and slowly, if at all\. 'npm run images -- nodejs:20' makes one for this machine, which is used when this one is removed \('docker image rm openwhisk\/action-nodejs-v20:nightly'\)\.$/,
    );
    expect(makingOf(OWN, false)).toBeUndefined();
  });
});
