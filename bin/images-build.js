import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { localBase } from './images-base.js';
import { canPull, hasImage, ImageError, must } from './images-docker.js';

const RUNTIMES = fileURLToPath(new URL('../runtimes/', import.meta.url));
const CACHE = fileURLToPath(new URL('../node_modules/.cache/miniwhisk/', import.meta.url));
/** The node that the images of compiled languages take their proxy's program from. */
const PROXY_NODE = { publicBase: 'node:20-slim', local: { node: Number(process.versions.node.split('.')[0]) } };

const readJson = file => JSON.parse(readFileSync(file, 'utf8'));
const imageName = ({ prefix, name, tag }) => `${prefix}/${name}:${tag}`;

/** One recipe per kind, from runtimes.local.json and the image.json of each language. */
export function readRecipes() {
  const manifest = readJson(path.join(RUNTIMES, 'runtimes.local.json'));
  const named = new Map([['skeleton', { image: imageName(manifest.blackboxes[0]), isDefault: true }]]);
  for (const row of Object.values(manifest.runtimes).flat()) {
    named.set(row.kind, { image: imageName(row.image), isDefault: row.default });
  }
  return readdirSync(RUNTIMES, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(({ name: language }) => {
      let recipe;
      try {
        recipe = readJson(path.join(RUNTIMES, language, 'image.json'));
      } catch (error) {
        if (error.code === 'ENOENT') return [];
        throw error;
      }
      return Object.entries(recipe.kinds)
        .filter(([kind]) => named.has(kind))
        .map(([kind, base]) => ({
          kind,
          ...named.get(kind),
          language,
          folders: recipe.folders,
          npm: recipe.npm === true,
          needsNode: recipe.needsNode === true,
          setup: recipe.setup,
          publicBase: base.public,
          local: base.local && { packages: recipe.packages, ...base.local },
        }));
    });
}

async function chooseBase({ publicBase, local }, mode, options) {
  if (mode !== 'local') {
    if (!options.rebuild && (await hasImage(publicBase))) return { base: publicBase, isPublic: true };
    if (await canPull(publicBase)) return { base: publicBase, isPublic: true };
    if (mode === 'public') throw new ImageError(`${publicBase} cannot be pulled.`, { unavailable: true });
  }
  if (local === undefined) {
    const why = mode === 'local' ? '' : `${publicBase} cannot be pulled, and `;
    throw new ImageError(`${why}no Debian release has this version to make a base image from.`, { unavailable: true });
  }
  return { base: await localBase(local, options), isPublic: false };
}

/** Installs a package.json's packages beside it. What npm fetched is kept for the next time under the hash of that file. */
async function installPackages(folder, note) {
  const hash = createHash('sha256')
    .update(await readFile(path.join(folder, 'package.json')))
    .digest('hex')
    .slice(0, 12);
  const kept = path.join(CACHE, `packages-${hash}`);
  if (!existsSync(path.join(kept, 'done'))) {
    note('fetching npm packages for actions');
    await rm(kept, { recursive: true, force: true });
    await mkdir(kept, { recursive: true });
    await cp(path.join(folder, 'package.json'), path.join(kept, 'package.json'));
    const options = ['--omit=dev', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
    await must('npm install failed', 'npm', ['install', ...options], {
      cwd: kept,
      shell: process.platform === 'win32',
    });
    await writeFile(path.join(kept, 'done'), '');
  }
  await cp(path.join(kept, 'node_modules'), path.join(folder, 'node_modules'), { recursive: true });
}

/** Builds one image. `--base`, `--rebuild` as on the command line. Throws ImageError. */
export async function buildImage(recipe, { base: mode, rebuild }) {
  const started = performance.now();
  const note = text => console.log(`${recipe.kind.padEnd(12)} ${text}`);
  const { base, isPublic } = await chooseBase(recipe, mode, { rebuild, note });
  const args = ['build', '--quiet', '--tag', recipe.image, '--build-arg', `BASE=${base}`];
  if (rebuild) args.push('--no-cache');
  if (isPublic && recipe.setup) args.push('--build-arg', `SETUP=${recipe.setup}`);
  if (recipe.needsNode)
    args.push('--build-arg', `NODE=${(await chooseBase(PROXY_NODE, mode, { rebuild: false, note })).base}`);
  const context = await mkdtemp(path.join(tmpdir(), 'miniwhisk-image-'));
  try {
    const copied = source => !/(^|[\\/])(node_modules|__pycache__|fixtures)$/.test(source);
    for (const folder of recipe.folders) {
      await cp(path.join(RUNTIMES, folder), path.join(context, folder), { recursive: true, filter: copied });
    }
    await cp(path.join(RUNTIMES, 'package.json'), path.join(context, 'package.json'));
    if (recipe.npm) await installPackages(path.join(context, recipe.language), note);
    args.push('--file', path.join(context, recipe.language, 'Dockerfile'), context);
    await must(`docker build of ${recipe.image} failed`, 'docker', args);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  note(`${recipe.image} on ${base} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
