import { isImageReference } from '../entities/exec.js';
import { UsageError } from '../errors.js';
import type { Runtime, RuntimeInfo, Runtimes } from './manifest.js';

const KIND = /^[a-z0-9][a-z0-9._-]*(?::[a-z0-9][a-z0-9._-]*)?$/;
/** Kinds that are not of any manifest, and the version that stands for a family's default one. */
const RESERVED = /^(?:blackbox|sequence)(?::|$)|:default$/;

const familyOf = (kind: string): string => kind.split(':', 1)[0] as string;

/** `mylang:1=myorg/myimage:tag`. Throws `UsageError`. */
const parse = (word: string): { readonly kind: string; readonly image: string } => {
  const refuse = (what: string): never => {
    throw new UsageError(`Bad value for --kind: ${what}, got '${word}'. Example: --kind mylang=myorg/myimage:tag`);
  };
  const at = word.indexOf('=');
  if (at === -1) return refuse('expected KIND=IMAGE');
  const [kind, image] = [word.slice(0, at).trim(), word.slice(at + 1).trim()];
  if (!KIND.test(kind)) refuse('expected a kind such as mylang or mylang:1.2, in small letters');
  if (RESERVED.test(kind)) refuse(`the kind '${kind}' has a meaning of its own`);
  if (!isImageReference(image)) refuse(`'${image}' is no image's name`);
  return { kind, image };
};

const custom = (kind: string, image: string, isDefault: boolean): Runtime => ({
  kind,
  family: familyOf(kind),
  image,
  deprecated: false,
  default: isDefault,
  attached: true,
  requireMain: false,
  sentinelledLogs: true,
  stemCells: [],
});

const info = ({ kind, image, deprecated, default: isDefault, attached, requireMain }: Runtime): RuntimeInfo => ({
  kind,
  image,
  deprecated,
  default: isDefault,
  attached,
  requireMain,
});

/**
 * The manifest's kinds and those of `--kind`. One that the manifest has gets another image and stays as it is otherwise;
 * the first of a new family is its default. Throws `UsageError`.
 */
export const withKinds = (base: Runtimes, words: readonly string[]): Runtimes => {
  if (words.length === 0) return base;
  const byKind = new Map(base.kinds().map(kind => [kind, base.kind(kind) as Runtime]));
  const defaults = new Map<string, string>();
  for (const word of words) {
    const { kind, image } = parse(word);
    const known = byKind.get(kind);
    const family = known?.family ?? familyOf(kind);
    const first = ![...byKind.values()].some(other => other.family === family);
    byKind.set(kind, known ? { ...known, image } : custom(kind, image, first));
    if (first) defaults.set(`${family}:default`, kind);
  }
  const families: Record<string, RuntimeInfo[]> = {};
  for (const runtime of byKind.values()) {
    families[runtime.family] ??= [];
    families[runtime.family]?.push(info(runtime));
  }
  const kinds = [...byKind.keys()];
  return {
    kind: kind => byKind.get(kind),
    resolveDefault: kind => defaults.get(kind) ?? base.resolveDefault(kind),
    kinds: () => kinds,
    families: () => families,
    blackboxes: base.blackboxes,
  };
};
