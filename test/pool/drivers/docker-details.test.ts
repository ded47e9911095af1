import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandNotFoundError, type Container, ImageError } from '../../../src/pool/driver.js';
import { INSTANCE_LABEL } from '../../../src/pool/drivers/common-spec.js';
import { DockerDriver, type DockerDriverOptions } from '../../../src/pool/drivers/docker.js';
import type { PullProgress } from '../../../src/pool/drivers/image-progress.js';
import { describeDocker, docker } from '../../support/docker.js';
import { startEngineProxy } from '../../support/engine-proxy.js';
import { startRegistry } from '../../support/registry.js';

const IMAGE = 'miniwhisk/action-nodejs-v20:local';
const instance = `details-${process.pid}`;

describeDocker('docker driver', () => {
  let drivers: DockerDriver[];
  let images: string[];
  let count = 0;

  beforeEach(() => {
    drivers = [];
    images = [];
  });
  afterEach(async () => {
    await Promise.all(drivers.map(driver => driver.close()));
    for (const image of images) await docker('image', 'rm', '--force', image);
    expect(await docker('ps', '--all', '--quiet', '--filter', `label=${INSTANCE_LABEL}=${instance}`)).toBe('');
  });

  const open = (options: Partial<DockerDriverOptions> = {}): DockerDriver => {
    const driver = new DockerDriver({ instance, ...options });
    drivers.push(driver);
    return driver;
  };
  const spec = (image = IMAGE, name = `wskdetails${process.pid}_${++count}`) => ({
    name,
    kind: 'nodejs:20',
    image,
    memory: 128,
    env: { __OW_API_HOST: 'http://x' },
    labels: { 'miniwhisk.test': 'details' },
    cpuShares: 64,
  });

  /** An image like the action image, with another entry point. */
  const variant = async (entrypoint: string): Promise<string> => {
    const image = `miniwhisk-test/variant-${process.pid}-${++count}:1`;
    const id = await docker('create', IMAGE);
    await docker('commit', '--change', `ENTRYPOINT ${entrypoint}`, id, image);
    await docker('rm', id);
    images.push(image);
    return image;
  };

  it('starts no more containers at once than the engine has cores', async () => {
    const driver = open();
    const cores = Number(await docker('info', '--format', '{{.NCPU}}'));
    const since = await docker('info', '--format', '{{.SystemTime}}');
    const containers = await Promise.all(Array.from({ length: 6 }, () => driver.create(spec())));
    const until = await docker('info', '--format', '{{.SystemTime}}');
    const range = ['--since', since, '--until', until, '--filter', `label=${INSTANCE_LABEL}=${instance}`];
    const actions = (await docker('events', ...range, '--format', '{{.Action}}')).split('\n');
    let coming = 0;
    let most = 0;
    for (const action of actions) {
      if (action === 'create') most = Math.max(most, ++coming);
      if (action === 'start') coming--;
    }
    expect(actions.filter(action => action === 'start')).toHaveLength(containers.length);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(Math.max(2, cores));
  });

  it('runs with the flags of OpenWhisk, and leaves no log on disk', async () => {
    const container = await open().create(spec());
    const [found] = JSON.parse(await docker('inspect', container.id)) as [{ HostConfig: object; Config: object }];
    expect(found.HostConfig).toMatchObject({
      Memory: 128 * 1024 * 1024,
      MemorySwap: 128 * 1024 * 1024,
      CpuShares: 64,
      NetworkMode: 'bridge',
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 1024,
      Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 1024 }],
      LogConfig: { Type: 'none' },
      PortBindings: {},
    });
    expect(JSON.stringify(found.HostConfig)).not.toMatch(/NET_RAW|NET_ADMIN|SYS_/);
    expect(found.Config).toMatchObject({
      Labels: { 'miniwhisk.test': 'details', [INSTANCE_LABEL]: instance },
      Tty: false,
    });
  });

  it('publishes on 127.0.0.1 alone where it publishes', async () => {
    const container = await open({ publish: true }).create(spec());
    const bindings = await docker('inspect', '--format={{json .NetworkSettings.Ports}}', container.id);
    const { port } = container.address as { port: number };
    expect(JSON.parse(bindings)).toEqual({ '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] });
  });

  it('tells how containers reach this machine', async () => {
    const direct = open();
    const gateway = await direct.gatewayAddress();
    expect(gateway).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await direct.apiHost(3233)).toBe(`http://${gateway}:3233`);
    const published = open({ publish: true });
    expect(await published.gatewayAddress()).toBeUndefined();
    expect(await published.apiHost(3233)).toBe('http://host.docker.internal:3233');
  });

  it('knows a command that is not in the image, whoever finds out', async () => {
    const driver = open();
    for (const entrypoint of ['["/no/such/program"]', '["nosuchprogram"]']) {
      await expect(driver.create(spec(await variant(entrypoint)))).rejects.toThrow(CommandNotFoundError);
    }
  });

  it('hands over a container that ended at once, with its output', async () => {
    const image = await variant('["node", "-e", "console.log(\'bye\'); process.exit(9)"]');
    const container = await open().create(spec(image));
    let output = '';
    container.onOutput((stream, chunk) => {
      output += `${stream}: ${chunk}`;
    });
    expect(await container.exited).toEqual({ code: 9, outOfMemory: false });
    expect(output).toBe('stdout: bye\n');
  });

  it('takes another name when its own is in use', async () => {
    const driver = open();
    const first = await driver.create(spec(IMAGE, `wsktaken${process.pid}`));
    const second = await driver.create(spec(IMAGE, `wsktaken${process.pid}`));
    expect(second.id).not.toBe(first.id);
    expect(await docker('inspect', '--format={{.Name}}', second.id)).toMatch(/^\/wsktaken\d+_[0-9a-f]{6}$/);
  });

  it('does not mind one that somebody else removed', async () => {
    const container = await open().create(spec());
    await docker('rm', '--force', container.id);
    await container.exited;
    await container.remove();
  });

  it('pulls a missing image once for all who want it, and tells of the progress', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/thing`;
    images.push(image);
    const steps: PullProgress[] = [];
    const driver = open({ images: { policy: 'missing', onProgress: step => steps.push(step) } });
    expect(await driver.available('blackbox', image)).toMatchObject({ usable: false });
    driver.images.want(image);
    // Its program does not exist, so that is what it fails with once the image is here.
    const creations = await Promise.allSettled([1, 2, 3].map(() => driver.create(spec(image))));
    for (const creation of creations) {
      expect(creation).toMatchObject({ status: 'rejected', reason: expect.any(CommandNotFoundError) });
    }
    expect(registry.pulls()).toBeLessThan(3);
    expect(await driver.available('blackbox', image)).toEqual({ usable: true });
    expect(steps.every(step => step.image === image)).toBe(true);
    expect(steps.at(-1)).toMatchObject({ state: 'done', layers: { done: 1, known: 1 } });
  });

  it('pulls each image once more with policy always, and none with never', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/always:1`;
    images.push(image);
    const always = open({ images: { policy: 'always' } });
    await always.images.pull(image);
    const before = registry.pulls();
    for (let i = 0; i < 2; i++) await expect(always.create(spec(image))).rejects.toThrow(CommandNotFoundError);
    expect(registry.pulls()).toBeGreaterThan(before);
    const never = open({ images: { policy: 'never' } });
    const other = `${registry.host}/team/never:1`;
    const after = registry.pulls();
    never.images.want(other);
    await expect(never.create(spec(other))).rejects.toThrow(ImageError);
    expect(registry.pulls()).toBe(after);
  });

  it('says why an image cannot be had, and what to do', async () => {
    const driver = open();
    const image = '127.0.0.1:1/none:1';
    const error = await driver.create(spec(image)).catch(e => e);
    expect(error).toBeInstanceOf(ImageError);
    expect(error.image).toBe(image);
    expect(error.message).toMatch(
      /^Image '127\.0\.0\.1:1\/none:1' is not on this machine and could not be pulled \(.*refused\)\. Get it with 'docker pull 127\.0\.0\.1:1\/none:1' in another network\.$/,
    );
    expect(await driver.available('x', image)).toEqual({ usable: false, reason: error.message });
  });

  it('notices images that come and go', async () => {
    const driver = open();
    const image = `miniwhisk-test/comes-${process.pid}:1`;
    const usable = async (): Promise<boolean> => (await driver.available('x', image)).usable;
    expect(await usable()).toBe(false);
    await docker('tag', IMAGE, image);
    await expect.poll(usable, { timeout: 10_000 }).toBe(true);
    await docker('image', 'rm', image);
    await expect.poll(usable, { timeout: 10_000 }).toBe(false);
  });

  it('says that no engine answers, and finds it when it does', async () => {
    await using proxy = await startEngineProxy();
    await proxy.cut();
    const driver = open({ host: proxy.host });
    const answer = await driver.available('nodejs:20', IMAGE);
    expect(answer).toMatchObject({
      usable: false,
      reason: expect.stringMatching(/^No Docker engine answers at .*docker\.sock \(.*\)\. Start it, or name another/),
    });
    await expect(driver.create(spec())).rejects.toThrow();
    await proxy.restore();
    await expect.poll(async () => (await driver.available('nodejs:20', IMAGE)).usable, { timeout: 20_000 }).toBe(true);
    const container = await driver.create(spec());
    await container.remove();
  });

  it('learns what it missed while the engine was away, and removes then what it could not', async () => {
    await using proxy = await startEngineProxy();
    const driver = open({ host: proxy.host });
    const container: Container = await driver.create(spec());
    await proxy.cut();
    let removed = false;
    const removal = container.remove().then(() => {
      removed = true;
    });
    // Its output is lost with the connection, so it counts as ended although it runs.
    await container.exited;
    expect(await docker('inspect', '--format={{.State.Running}}', container.id)).toBe('true');
    expect(removed).toBe(false);
    await proxy.restore();
    await removal;
    const next = await driver.create(spec());
    await docker('kill', next.id);
    expect(await next.exited).toEqual({ code: 137, outOfMemory: false });
    await driver.close();
  });
});
