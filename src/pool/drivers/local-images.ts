import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../package-root.js';
import { loadManifest } from '../../runtimes/manifest.js';
import { withTag } from './image-pull.js';

const MADE_HERE = /^miniwhisk\/[^/]+:local$/;
const UPSTREAM = /^openwhisk\/([^/:@]+)(?::[^/:@]+)?$/;
/** What a pull ends with where the registry is out of reach. */
const OUT_OF_REACH = /no such host|dial tcp|timeout|timed out|no progress|refused|unreachable/i;

/** What `npm run images` makes: no registry has them, and whoever took the name in one shall not be asked. */
export const isMadeHere = (image: string): boolean => MADE_HERE.test(image);

/** What `npm run images` calls the image that stands in for one of OpenWhisk's own; undefined for all others. */
export const localName = (image: string): string | undefined => {
  const [, name] = UPSTREAM.exec(image) ?? [];
  return name && `miniwhisk/${name}:local`;
};

/** The script is in a checkout, and not in the package. */
const CHECKOUT = existsSync(join(packageRoot, 'bin', 'images.js'));
const SKELETON = 'skeleton';

let recipes: ReadonlyMap<string, string> | undefined;

/** What to call an image in the arguments of `npm run images`; undefined when it makes no such image. */
const recipeOf = (image: string): string | undefined => {
  if (!recipes) {
    const local = loadManifest(join(packageRoot, 'runtimes', 'runtimes.local.json'));
    recipes = new Map([
      ...local.blackboxes.map((name): [string, string] => [name, SKELETON]),
      ...local.kinds().map((kind): [string, string] => [local.kind(kind)?.image ?? '', kind]),
    ]);
  }
  return recipes.get(localName(image) ?? image);
};

/** The command that makes an image, or what stands in for it; undefined where it cannot. */
export const makingOf = (image: string, checkout = CHECKOUT): string | undefined => {
  const recipe = checkout ? recipeOf(image) : undefined;
  return recipe && `npm run images -- ${recipe}`;
};

export interface Situation {
  /** Why a pull failed. */
  readonly failure?: string | undefined;
  /** No process may stand in for a container. */
  readonly onlyContainers?: boolean | undefined;
  readonly checkout?: boolean;
}

/** What helps where an image is not on the machine, as a sentence. */
export const adviceFor = (image: string, { failure = '', onlyContainers, checkout }: Situation = {}): string => {
  const making = makingOf(image, checkout);
  const recipe = recipeOf(image);
  const ways: string[] = [];
  if (!isMadeHere(image))
    ways.push(`get it with 'docker pull ${withTag(image)}'${OUT_OF_REACH.test(failure) ? ' in another network' : ''}`);
  if (making !== undefined) ways.push(`build it with '${making}'`);
  else if (isMadeHere(image)) ways.push("bring it from another machine with 'miniwhisk images save' and 'load'");
  if (onlyContainers && recipe !== undefined && recipe !== SKELETON)
    ways.push(`run ${recipe} as a process (--driver process)`);
  const text = ways.join(', or ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
};
