import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDuration } from '../entities/duration.js';
import { parseSize } from '../entities/limits.js';
import {
  type ManifestFault,
  manifestFault,
  type RawImage,
  type RawManifest,
  type RawRuntime,
  type RawStemCell,
} from '../entities/manifest-schema.js';
import { errorText, UsageError } from '../errors.js';
import { packageRoot } from '../package-root.js';

/** Containers kept ready for a kind. */
export interface StemCell {
  readonly initialCount: number;
  readonly memoryMb: number;
  /** Grows and shrinks the number by demand (OPENWHISK.md 5.6). */
  readonly reactive?: {
    readonly minCount: number;
    readonly maxCount: number;
    readonly ttlMs: number;
    readonly threshold: number;
    readonly increment: number;
  };
}

export interface Runtime {
  readonly kind: string;
  readonly family: string;
  /** `[registry/][prefix/]name[:tag]`. */
  readonly image: string;
  readonly deprecated: boolean;
  readonly default: boolean;
  /** Whether the manifest lets the code be an attachment. */
  readonly attached: boolean;
  readonly requireMain: boolean;
  readonly sentinelledLogs: boolean;
  readonly stemCells: readonly StemCell[];
}

/** One runtime as `GET /` shows it (OPENWHISK.md 1.7). */
export type RuntimeInfo = Pick<Runtime, 'kind' | 'image' | 'deprecated' | 'default' | 'attached' | 'requireMain'>;

/** The kinds a server knows. */
export interface Runtimes {
  kind(kind: string): Runtime | undefined;
  /** `nodejs:default` → `nodejs:20`; anything else as it is. */
  resolveDefault(kind: string): string;
  /** In the order of the file. */
  kinds(): readonly string[];
  families(): Readonly<Record<string, readonly RuntimeInfo[]>>;
  /** Images that blackbox actions may use without a pull. */
  readonly blackboxes: readonly string[];
}

/** The manifest that comes with the package. */
export const packagedManifest = (): string => join(packageRoot, 'runtimes', 'runtimes.json');

const MB = 1024 * 1024;

const imageName = ({ registry, prefix, name, tag }: RawImage): string =>
  [registry && (registry.endsWith('/') ? registry : `${registry}/`), prefix && `${prefix}/`, name, tag && `:${tag}`]
    .filter(Boolean)
    .join('');

const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

type Refuse = (fault: ManifestFault) => never;

const stemCell = (raw: RawStemCell, path: string, refuse: Refuse): StemCell => {
  const bytes = parseSize(raw.memory);
  if (!bytes || bytes < MB) refuse({ path: `${path}.memory`, expected: 'a size such as "256 MB"', found: raw.memory });
  const { reactive } = raw;
  const cell = { initialCount: (raw.initialCount ?? raw.count) as number, memoryMb: Math.floor((bytes ?? 0) / MB) };
  if (!reactive) return cell;
  const ttlMs = parseDuration(reactive.ttl);
  const at = `${path}.reactive`;
  if (!ttlMs) refuse({ path: `${at}.ttl`, expected: 'a duration such as "2 minutes"', found: reactive.ttl });
  for (const key of ['minCount', 'increment'] as const) {
    if (reactive[key] <= reactive.maxCount) continue;
    refuse({ path: `${at}.${key}`, expected: `no more than maxCount (${reactive.maxCount})`, found: reactive[key] });
  }
  const { minCount, maxCount, threshold, increment } = reactive;
  return { ...cell, reactive: { minCount, maxCount, ttlMs: ttlMs ?? 0, threshold, increment } };
};

const toRuntime = (raw: RawRuntime, family: string, path: string, refuse: Refuse): Runtime => ({
  kind: raw.kind,
  family,
  image: imageName(raw.image),
  deprecated: raw.deprecated ?? false,
  default: raw.default ?? false,
  attached: raw.attached !== undefined,
  requireMain: raw.requireMain ?? false,
  // Kinds of a manifest print sentinels unless it says otherwise.
  sentinelledLogs: raw.sentinelledLogs ?? true,
  stemCells: (raw.stemCells ?? []).map((cell, i) => stemCell(cell, `${path}.stemCells[${i}]`, refuse)),
});

/** The kind that `⟨family⟩:default` stands for. */
const defaultOf = (family: string, runtimes: readonly Runtime[], refuse: Refuse): string => {
  const marked = runtimes.filter(runtime => runtime.default);
  const [only] = marked.length === 0 && runtimes.length === 1 ? runtimes : marked;
  if (!only || marked.length > 1) {
    const found = marked.map(runtime => runtime.kind);
    return refuse({ path: `runtimes.${family}`, expected: 'exactly one kind with "default": true', found });
  }
  return only.kind;
};

const build = (raw: RawManifest, refuse: Refuse): Runtimes => {
  const byKind = new Map<string, Runtime>();
  const defaults = new Map<string, string>();
  const families: Record<string, readonly RuntimeInfo[]> = {};
  for (const [family, list] of Object.entries(raw.runtimes)) {
    const runtimes = list.map((entry, i) => toRuntime(entry, family, `runtimes.${family}[${i}]`, refuse));
    runtimes.forEach((runtime, i) => {
      if (byKind.has(runtime.kind)) {
        refuse({ path: `runtimes.${family}[${i}].kind`, expected: 'a kind that is listed once', found: runtime.kind });
      }
      byKind.set(runtime.kind, runtime);
    });
    defaults.set(`${family}:default`, defaultOf(family, runtimes, refuse));
    families[family] = runtimes.map(({ kind, image, deprecated, default: isDefault, attached, requireMain }) => ({
      kind,
      image,
      deprecated,
      default: isDefault,
      attached,
      requireMain,
    }));
  }
  const kinds = [...byKind.keys()];
  return {
    kind: kind => byKind.get(kind),
    resolveDefault: kind => defaults.get(kind) ?? kind,
    kinds: () => kinds,
    families: () => families,
    blackboxes: (raw.blackboxes ?? []).map(imageName),
  };
};

/** Reads a manifest. Throws `UsageError` of one line that names the file, the place, what was expected and what came. */
export const loadManifest = (file: string = packagedManifest()): Runtimes => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const verb = error instanceof SyntaxError ? 'is not valid JSON' : 'cannot be read';
    throw new UsageError(`Runtimes manifest '${file}' ${verb}: ${errorText(error).replaceAll('\n', ' ')}`);
  }
  const refuse: Refuse = ({ path, expected, found }) => {
    throw new UsageError(
      `Runtimes manifest '${file}': expected ${expected} at '${path || 'the top'}', got ${show(found)}.`,
    );
  };
  // The package's own is checked by a test; checking it at every start would take a twentieth of it.
  const fault = file === packagedManifest() ? undefined : manifestFault(value);
  if (fault) refuse(fault);
  return build(value as RawManifest, refuse);
};
