import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageError } from '../../../src/pool/driver.js';
import { DockerDriver } from '../../../src/pool/drivers/docker.js';
import type { PullProgress } from '../../../src/pool/drivers/image-progress.js';
import type { ImageOptions, Images } from '../../../src/pool/drivers/images.js';
import { describeDocker, docker } from '../../support/docker.js';
import { startEngineProxy } from '../../support/engine-proxy.js';
import { startRegistry } from '../../support/registry.js';

describeDocker('images', () => {
  let drivers: DockerDriver[];
  let made: string[];
  let folder: string;
  beforeEach(() => {
    drivers = [];
    made = [];
    folder = mkdtempSync(join(tmpdir(), 'mw-images-'));
  });
  afterEach(async () => {
    await Promise.all(drivers.map(driver => driver.close()));
    for (const image of made) await docker('image', 'rm', '--force', image);
    rmSync(folder, { recursive: true });
  });

  const open = (options: Partial<ImageOptions> = {}, host?: string): Images => {
    const driver = new DockerDriver({ host, instance: 'images', images: { policy: 'missing', ...options } });
    drivers.push(driver);
    return driver.images;
  };

  it("takes Docker Hub's images from the mirror, under their own names", async () => {
    await using registry = await startRegistry();
    const image = `miniwhisk-test/mirrored-${process.pid}:1`;
    made.push(image);
    const images = open({ mirror: `http://${registry.host}/hub/` });
    await images.provide(image);
    expect(registry.asked).toContain(`/v2/hub/miniwhisk-test/mirrored-${process.pid}/manifests/1`);
    expect(await images.has(image)).toBe(true);
    expect(await images.has(`${registry.host}/hub/${image}`)).toBe(false);
  });

  it('asks the registry itself for what is not on Docker Hub', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/thing:1`;
    made.push(image);
    await open({ mirror: '127.0.0.1:1' }).provide(image);
    expect(registry.pulls()).toBeGreaterThan(0);
  });

  it('names every place that was asked when there is none', async () => {
    const image = 'docker.io/no-such/thing:1';
    const error = await open({ mirror: '127.0.0.1:1' })
      .provide(image)
      .catch(e => e);
    expect(error).toBeInstanceOf(ImageError);
    expect(error.message).toMatch(/as 127\.0\.0\.1:1\/no-such\/thing:1: .*refused/);
  }, 60_000);

  it("logs in with the user's credentials, read anew at each pull", async () => {
    await using registry = await startRegistry({ login: 'me:secret' });
    const image = `${registry.host}/private/thing:1`;
    made.push(image);
    const login = (text: string): void => {
      const auths = { [registry.host]: { auth: Buffer.from(text).toString('base64') } };
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }));
    };
    const images = open({ credentials: folder });
    await expect(images.pull(image)).rejects.toThrow(/no basic auth credentials|authentication required|unauthorized/i);
    login('me:wrong');
    await expect(images.pull(image)).rejects.toThrow(/authentication required|unauthorized/i);
    login('me:secret');
    await images.pull(image);
    expect(await images.has(image)).toBe(true);
  });

  it('fails again at once, without another try so soon', async () => {
    const states: string[] = [];
    const images = open({ onProgress: ({ state }) => states.push(state) });
    const image = '127.0.0.1:1/none:1';
    for (let i = 0; i < 3; i++) await expect(images.provide(image)).rejects.toThrow(ImageError);
    images.want(image);
    expect(states).toEqual(['pulling', 'failed']);
    expect(images.progress()).toMatchObject([{ image, state: 'failed', reason: expect.stringMatching(/refused/) }]);
  });

  it('pulls nothing with the policy never, nor what is only made here', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/never:1`;
    await expect(open({ policy: 'never' }).provide(image)).rejects.toThrow(/--pull never/);
    const own = 'miniwhisk/action-nosuch:local';
    await expect(open({ mirror: registry.host }).provide(own)).rejects.toThrow(/is not on this machine\. Bring it/);
    expect(registry.asked).toEqual([]);
  });

  it('tells how far a pull is, and of an image for another machine', async () => {
    const foreign = process.arch === 'arm64' ? 'amd64' : 'arm64';
    await using registry = await startRegistry({ architecture: foreign });
    registry.hold();
    const image = `${registry.host}/team/foreign:1`;
    made.push(image);
    const seen: PullProgress[] = [];
    const images = open({ onProgress: progress => seen.push(progress) });
    const pull = images.provide(image);
    await expect.poll(() => seen.at(-1)?.layers.known).toBe(1);
    expect(images.reason(image)).toMatch(/is being pulled/);
    expect(await images.report([image, 'x/y:1'])).toMatchObject([
      { image, here: false, pull: { state: 'pulling' } },
      { image: 'x/y:1', here: false },
    ]);
    registry.release();
    await pull;
    const note = `Image '${image}' is made for ${foreign} and the engine runs on ${process.arch === 'arm64' ? 'arm64' : 'amd64'}: it runs emulated and slowly, if at all.`;
    expect(await images.note(image)).toBe(note);
    expect(await images.report([image])).toEqual([{ image, here: true, size: expect.any(Number), note }]);
    expect(await drivers[0]?.available('x', image)).toEqual({ usable: true, note });
  });

  it('leaves it to the start of a container to say that no engine answers', async () => {
    await using proxy = await startEngineProxy();
    await proxy.cut();
    await open({}, proxy.host).provide('x/y:1');
  });
});
