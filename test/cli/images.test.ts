import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { type Exit, launch } from '../support/launch.js';
import { startRegistry } from '../support/registry.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mw-images-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const images = (...args: string[]): Promise<Exit> => launch(['images', ...args]).exit;

describe('miniwhisk images', () => {
  it.each([
    [['pull', 'nosuchkind'], /There is no kind or family 'nosuchkind'\. There are: nodejs:/],
    [['list', '--docker-host', 'unix:///does/not/exist.sock'], /No Docker engine answers at \/does\/not\/exist\.sock/],
    [['list', '--docker-host', 'nonsense'], /Bad Docker host 'nonsense'/],
    [['list', '--kind', 'x'], /Bad value for --kind/],
    [[], /Name a command: pull, list, save or load/],
  ])('%j: one line, exit code 1', async (args, text) => {
    const { code, stdout, stderr } = await images(...args);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(text);
    expect([code, stdout]).toEqual([1, '']);
  });

  it('has help with examples', async () => {
    const { code, stdout } = await images('--help');
    expect(code).toBe(0);
    for (const word of ['pull [what..]', 'list [what..]', 'save <file>', 'load <file>', '--pull never']) {
      expect(stdout).toContain(word);
    }
  });
});

describeDocker('miniwhisk images, with an engine', () => {
  it('pulls, lists, saves and loads', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/thing:1`;
    const kind = ['--kind', `mine:1=${image}`];
    const archive = join(dir, 'images.tar.gz');
    try {
      const before = await images('list', 'mine', '--json', ...kind);
      expect(JSON.parse(before.stdout)).toEqual([{ image, kinds: ['mine:1'], here: false }]);
      const unsaved = await images('save', archive, 'mine:1', ...kind);
      expect([unsaved.code, unsaved.stderr]).toEqual([1, expect.stringContaining(`Not on this machine: ${image}`)]);

      const pulled = await images('pull', 'mine:default', ...kind);
      expect([pulled.code, pulled.stdout]).toEqual([0, `pulled  ${image}\n`]);
      expect(pulled.stderr).toMatch(new RegExp(`^pulling ${image} …[^]*${image} is here \\(\\d`));
      const again = await images('pull', image, '--json', '--quiet');
      expect(JSON.parse(again.stdout)).toEqual([{ image, kinds: [], state: 'here' }]);
      expect([again.code, again.stderr]).toEqual([0, '']);

      expect((await images('save', archive, image)).stdout).toBe(`Saved 1 images to ${archive}: ${image}\n`);
      await docker('image', 'rm', image);
      expect((await images('load', archive)).stdout).toBe(`Loaded 1 images: ${image}\n`);
      expect((await images('list', image)).stdout).toMatch(/thing:1 +0 MB/);
    } finally {
      await docker('image', 'rm', '--force', image);
    }
  });

  it('goes on after an image that cannot be had, and ends with 1', async () => {
    await using registry = await startRegistry();
    const image = `${registry.host}/team/second:1`;
    try {
      const { code, stdout, stderr } = await images('pull', '127.0.0.1:1/none:1', image, '--json', '--quiet');
      expect(JSON.parse(stdout)).toMatchObject([
        { image: '127.0.0.1:1/none:1', state: 'failed', reason: expect.stringMatching(/refused/) },
        { image, state: 'pulled' },
      ]);
      expect([code, stderr]).toEqual([1, 'miniwhisk: 1 of 2 images could not be had.\n']);
    } finally {
      await docker('image', 'rm', '--force', image);
    }
  });

  it('says what is wrong with a file', async () => {
    const bad = join(dir, 'bad.tar');
    writeFileSync(bad, 'this is no archive of images');
    const { code, stderr } = await images('load', bad);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/The images of '.*bad\.tar' cannot be loaded: .*tar/)]);
    expect((await images('load', join(dir, 'none.tar'))).stderr).toMatch(/There is no file '.*none\.tar'/);
    const nowhere = await images('save', join(dir, 'no', 'folder.tar'), 'miniwhisk/action-nodejs-v20:local');
    expect(nowhere.stderr).toMatch(/cannot be saved to '.*folder\.tar': ENOENT/);
  });
});
