import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeDocker, docker } from '../support/docker.js';
import { imageName, requireImage } from '../support/images.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Row {
  readonly kind: string;
  readonly default: boolean;
  readonly image: { readonly prefix: string; readonly name: string; readonly tag: string };
}
interface Manifest {
  readonly runtimes: Readonly<Record<string, readonly Row[]>>;
  readonly blackboxes: readonly Row['image'][];
}

const manifest = (file: string): Manifest => JSON.parse(readFileSync(path.join(ROOT, 'runtimes', file), 'utf8'));

const images = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise(resolve => {
    execFile(process.execPath, [path.join(ROOT, 'bin/images.js'), ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });

describe('the manifests', () => {
  for (const file of ['runtimes.json', 'runtimes.local.json']) {
    it(`${file}: every family has one default, every kind begins with its family`, () => {
      for (const [family, rows] of Object.entries(manifest(file).runtimes)) {
        expect(rows.filter(row => row.default).length, family).toBe(1);
        for (const row of rows) expect(row.kind.startsWith(`${family}:`), row.kind).toBe(true);
        expect(new Set(rows.map(row => row.kind)).size).toBe(rows.length);
      }
    });
  }

  it('every image that is named as made here has a recipe, and every recipe a name', async () => {
    const { stdout } = await images('--list');
    const listed = stdout
      .trim()
      .split('\n')
      .map(line => line.split(/\s+/).slice(0, 2).join(' '));
    const local = manifest('runtimes.local.json');
    const named = Object.values(local.runtimes)
      .flat()
      .map(({ kind, image }) => `${kind} ${image.prefix}/${image.name}:${image.tag}`);
    expect(listed.filter(line => !line.startsWith('skeleton')).sort()).toEqual(named.sort());
    expect(listed).toContain(`skeleton ${await imageName('skeleton')}`);
    const ours = Object.values(manifest('runtimes.json').runtimes)
      .flat()
      .filter(row => row.image.prefix === 'miniwhisk');
    for (const row of ours) expect(await imageName(row.kind)).toBe(`miniwhisk/${row.image.name}:local`);
  });

  it('every family that runs without Docker is in the manifest', () => {
    const families = Object.keys(manifest('runtimes.json').runtimes);
    for (const entry of readdirSync(path.join(ROOT, 'runtimes'), { withFileTypes: true })) {
      const file = path.join(ROOT, 'runtimes', entry.name, 'process.json');
      let definition: { families: string[] };
      try {
        definition = JSON.parse(readFileSync(file, 'utf8'));
      } catch {
        continue;
      }
      for (const family of definition.families) expect(families).toContain(family);
    }
  });
});

describe('npm run images', () => {
  it('explains itself', async () => {
    const { code, stdout } = await images('--help');
    expect(code).toBe(0);
    for (const word of ['--base', '--all', '--rebuild', '--list', 'mmdebstrap']) expect(stdout).toContain(word);
  });

  it('says what is wrong with what it was asked for', async () => {
    expect(await images('cobol:60')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no kind or family cobol:60'),
    });
    expect(await images('--base', 'magic')).toMatchObject({ code: 1, stderr: expect.stringContaining('not magic') });
    expect(await images('--frobnicate')).toMatchObject({ code: 1, stderr: expect.stringContaining('--frobnicate') });
  });

  it('says so when there is no Docker engine', async () => {
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      const { code, stderr } = await images('nodejs:20');
      expect(code).toBe(1);
      expect(stderr).toMatch(/Docker engine does not answer|docker program was not found/);
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    }
  });
});

describeDocker('the images', () => {
  for (const kind of ['nodejs:20', 'python:3.11', 'skeleton']) {
    it(`${kind} is built once, runs as nobody and listens on 8080`, async () => {
      const image = await requireImage(kind);
      const id = await docker('image', 'inspect', '--format', '{{.Id}}', image);
      const user = await docker(
        'image',
        'inspect',
        '--format',
        '{{.Config.User}} {{json .Config.ExposedPorts}}',
        image,
      );
      expect(user).toBe('65534:65534 {"8080/tcp":{}}');
      expect((await images(kind)).code).toBe(0);
      expect(await docker('image', 'inspect', '--format', '{{.Id}}', image)).toBe(id);
    }, 600_000);
  }
});
