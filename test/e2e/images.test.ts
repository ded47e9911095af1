import { afterEach, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { type Registry, type RegistryOptions, startRegistry } from '../support/registry.js';
import { eventually, restClient } from '../support/rest.js';
import { startTestServer } from '../support/server.js';

const CODE = 'const main = ({ n = 0 }) => ({ n: n + 1 });';

describeDocker('a kind whose image is in a registry', () => {
  let made: string[] = [];
  afterEach(async () => {
    for (const image of made) await docker('image', 'rm', '--force', image);
    made = [];
  });

  const registryWithNode = async (options: RegistryOptions = {}): Promise<Registry> =>
    startRegistry({ image: await requireImage('nodejs:20'), ...options });

  it('runs when the image has come; until then other kinds run, and the API tells how far it is', async () => {
    await using registry = await registryWithNode();
    registry.hold();
    const image = `${registry.host}/team/node:1`;
    made.push(image);
    // There is room for one container alone.
    await using server = await startTestServer({ driver: 'docker', kind: [`mine:1=${image}`], poolMemory: 256 });
    const rest = restClient(server.url, server.auth);
    const exec = { kind: 'mine:default', code: CODE };
    expect((await rest.put('_/actions/far', { exec })).json.exec.kind).toBe('mine:1');
    await rest.action('near', CODE);

    const far = rest.post('_/actions/far?blocking=true&result=true', { n: 1 });
    const report = async () =>
      (await rest.get('/miniwhisk/v1/images')).json.images.find((one: { image: string }) => one.image === image);
    await eventually(async () => ((await report()).pull?.state === 'pulling' ? true : undefined));
    expect((await rest.post('_/actions/near?blocking=true&result=true', { n: 2 })).json).toEqual({ n: 3 });
    expect(await report()).toMatchObject({ kinds: ['mine:1'], here: false });

    registry.release();
    expect((await far).json).toEqual({ n: 2 });
    expect(await report()).toMatchObject({ kinds: ['mine:1'], here: true, size: expect.any(Number) });
    expect((await rest.get('/miniwhisk/v1/images', { auth: null })).status).toBe(401);
  }, 60_000);

  it('fails at once, naming the image and what to do, when it cannot be had', async () => {
    const image = '127.0.0.1:1/none:1';
    await using server = await startTestServer({ driver: 'docker', kind: [`mine=${image}`] });
    const rest = restClient(server.url, server.auth);
    await rest.put('_/actions/never', { exec: { kind: 'mine', code: CODE } });
    for (let i = 0; i < 2; i++) {
      const { status, json } = await rest.post('_/actions/never?blocking=true');
      expect(status).toBe(502);
      expect(json.response.result.error).toMatch(
        /^Failed to pull container image '127\.0\.0\.1:1\/none:1'\. Image .* could not be pulled \(.*refused\)\. Get it with 'docker pull 127\.0\.0\.1:1\/none:1'/,
      );
    }
  });

  it('says the same without an engine', async () => {
    await using server = await startTestServer({ driver: 'process', kind: ['mine=team/mine'] });
    const rest = restClient(server.url, server.auth);
    await rest.put('_/actions/never', { exec: { kind: 'mine', code: CODE } });
    const { json } = await rest.post('_/actions/never?blocking=true');
    expect(json.response.result.error).toBe(
      "Failed to pull container image 'team/mine'. Kind 'mine' runs only in Docker. Start a Docker engine.",
    );
    const images = (await rest.get('/miniwhisk/v1/images')).json;
    expect(images).toMatchObject({ engine: { usable: false }, images: [] });
  });
});
