#!/usr/bin/env node
/** `npm run images`: builds the action images on this machine, without an image registry where there is none. */
import { parseArgs } from 'node:util';
import { buildImage, readRecipes } from './images-build.js';
import { ImageError, requireDocker } from './images-docker.js';

const HELP = `Usage: npm run images [-- [options] kind …]

Builds the images that runtimes/runtimes.local.json names. A kind is nodejs:20, python:3.11 …, a whole family is nodejs,
and skeleton is the image that Docker actions are built on. Without a kind: the default of every family, and skeleton.

Options:
  --all             every kind that can be built
  --base public     build on the public images (node:20-slim …), pulled if need be
  --base local      make the base images here: from this machine's own node, or by mmdebstrap from Debian's packages
  --base auto       public if it is here or can be pulled, else local (the default)
  --rebuild         make bases and images anew instead of taking what is cached
  --list            print kind, image, public base, local base; build nothing
  --help            this text

A second run takes seconds: bases are kept under tags that hash their recipe.
Needs the docker program. For local bases: mmdebstrap (Debian: apt-get install mmdebstrap).`;

function choose(recipes, wanted, all) {
  if (all) return recipes.filter(recipe => recipe.local || recipe.base !== 'local');
  if (wanted.length === 0) return recipes.filter(recipe => recipe.isDefault);
  return wanted.flatMap(word => {
    const found = recipes.filter(recipe => recipe.kind === word || recipe.kind.startsWith(`${word}:`));
    if (found.length === 0)
      throw new ImageError(`There is no kind or family ${word}. \`npm run images -- --list\` names them.`);
    return found;
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      base: { type: 'string', default: 'auto' },
      rebuild: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return void console.log(HELP);
  if (!['auto', 'public', 'local'].includes(values.base)) {
    throw new ImageError(`--base is auto, public or local, not ${values.base}.`);
  }
  const recipes = readRecipes();
  if (values.list) {
    for (const { kind, image, publicBase, local } of recipes) {
      const made = local === undefined ? '-' : (local.suite ?? `node ${local.node}`);
      console.log([kind.padEnd(12), image.padEnd(36), publicBase.padEnd(28), made].join(' '));
    }
    return;
  }
  const chosen = choose(recipes, positionals, values.all).filter(
    recipe => !values.all || values.base !== 'local' || recipe.local !== undefined,
  );
  await requireDocker();
  const failures = [];
  for (const recipe of chosen) {
    try {
      await buildImage(recipe, values);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      console.error(`${recipe.kind}: ${error.message}`);
      // With --all, what this machine cannot have is told and passed over.
      if (!values.all || !error.unavailable) failures.push(recipe.kind);
    }
  }
  if (failures.length > 0) throw new ImageError(`Not built: ${failures.join(', ')}.`);
}

main().catch(error => {
  const known = error instanceof ImageError || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(known ? error.message : error.stack);
  process.exitCode = 1;
});
