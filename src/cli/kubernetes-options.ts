import { fromText, loadConfig } from '../config/load.js';
import { misspelt } from '../config/variables.js';
import { isImageReference } from '../entities/exec.js';
import { UsageError } from '../errors.js';
import type { Flags } from './data.js';
import type { ManifestOptions } from './kubernetes-manifest.js';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ADDRESS = /^[\d.]+$/;
/** Kubernetes' quantities, but none and parts of a byte. */
const QUANTITY = /^(?=.*[1-9])\d+(\.\d+)?([KMGTPE]i|[kMGTPE]|[eE]\d+)?$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

const bad = (flag: string, expected: string, given: string): UsageError =>
  new UsageError(`Bad value for --${flag}: expected ${expected}, got ${JSON.stringify(given)}.`);

/** The server knows its names one by one: a wildcard is none of them. */
const isHostName = (name: string): boolean =>
  name.length <= 253 && !ADDRESS.test(name) && name.split('.').every(label => LABEL.test(label));

const variablesOf = (words: readonly string[]): Record<string, string> => {
  const variables = Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=');
      if (at < 1 || !VARIABLE.test(word.slice(0, at))) throw bad('env', 'NAME=VALUE', word);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
  for (const name of Object.keys(variables)) {
    const unknown = misspelt(name);
    if (unknown === undefined) continue;
    const hint = unknown.meant === undefined ? 'See miniwhisk --help.' : `Did you mean ${unknown.meant}?`;
    throw new UsageError(`Bad value for --env: there is no option ${name}. ${hint}`);
  }
  // The values that Kubernetes is to fill in, $(NAME), are known only there.
  loadConfig({ env: Object.fromEntries(Object.entries(variables).filter(([, value]) => !value.includes('$('))) });
  return variables;
};

const poolMemoryOf = (word: string): number =>
  loadConfig({ flags: { poolMemory: fromText('poolMemory', word) } }).poolMemory;

/** What the flags of `kubernetes manifest` say. Throws `UsageError`. */
export const manifestOptions = (argv: Flags): ManifestOptions => {
  const [namespace = '', image = '', storage = ''] = ['namespace', 'image', 'storage'].map(name => String(argv[name]));
  const ingress = argv['ingress'] === undefined ? undefined : String(argv['ingress']);
  if (!LABEL.test(namespace)) throw bad('namespace', 'lower-case letters, digits and dashes, 63 at most', namespace);
  if (!isImageReference(image)) throw bad('image', 'an image such as miniwhisk/server:1.0', image);
  if (!QUANTITY.test(storage)) throw bad('storage', 'a size such as 10Gi', storage);
  if (ingress !== undefined && !isHostName(ingress)) throw bad('ingress', 'a host name such as ow.example', ingress);
  const poolMemory = poolMemoryOf(String(argv['poolMemory']));
  return { namespace, image, ingress, storage, poolMemory, env: variablesOf(argv['env'] as string[]) };
};
