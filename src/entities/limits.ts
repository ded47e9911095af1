import { HttpError, rejection } from '../errors.js';
import { http, limits as text } from '../messages.js';
import { parseDuration } from './duration.js';
import type { ActionLimits, NamespaceLimits } from './types.js';

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly std: number;
}

/** The server's own limits. Sizes in bytes; memory and logs in MB; times in ms. */
export interface SystemLimits {
  readonly invocationsPerMinute: number;
  readonly concurrentInvocations: number;
  readonly firesPerMinute: number;
  readonly sequenceLength: number;
  readonly payload: number;
  readonly parameters: number;
  readonly code: number;
  readonly blockingWait: number;
  readonly timeout: Range;
  readonly memory: Range;
  readonly logs: Range;
  readonly concurrency: Range;
  /** Kinds that any namespace may use; absent when there is no such list. */
  readonly allowedKinds?: readonly string[];
}

const MB = 1024 * 1024;

/** OpenWhisk's own values (OPENWHISK.md 2.3, 3.10, 3.12). */
export const openwhiskLimits: SystemLimits = {
  invocationsPerMinute: 60,
  concurrentInvocations: 30,
  firesPerMinute: 60,
  sequenceLength: 50,
  payload: MB,
  parameters: MB,
  code: 48 * MB,
  blockingWait: 60_000,
  timeout: { min: 100, max: 300_000, std: 60_000 },
  memory: { min: 128, max: 512, std: 256 },
  logs: { min: 0, max: 10, std: 10 },
  concurrency: { min: 1, max: 1, std: 1 },
};

/** OpenWhisk's values, except those that only hinder work on one's own machine. `poolMemory` in MB. */
export const localLimits = (poolMemory: number): SystemLimits => ({
  ...openwhiskLimits,
  invocationsPerMinute: 10_000_000,
  concurrentInvocations: 10_000,
  firesPerMinute: 10_000_000,
  timeout: { min: 100, max: 3_600_000, std: 60_000 },
  memory: { min: 128, max: Math.max(512, poolMemory), std: 256 },
  concurrency: { min: 1, max: 500, std: 1 },
});

const SIZE = /^\s*(\d+)\s*(b|[kmg]b?)\s*$/i;
const UNIT: Record<string, number> = { b: 1, k: 1024, m: MB, g: 1024 * MB };

/** `"1 MB"`, `"512 KB"`, `"1048576 B"` → bytes; undefined when it is no size. */
export const parseSize = (size: string): number | undefined => {
  const match = SIZE.exec(size);
  return match ? Number(match[1]) * (UNIT[(match[2] as string).charAt(0).toLowerCase()] as number) : undefined;
};

/** What counts for one namespace: its override, clamped to the system's bounds (OPENWHISK.md 8.3). */
export interface EffectiveLimits extends SystemLimits {
  readonly instances: number;
  readonly truncation: number;
  readonly storeActivations: boolean;
  /** Containers of one action that stay although idle, and for how long after their last call, in ms. */
  readonly keepWarm?: { readonly count: number; readonly ms: number };
  readonly overrides: NamespaceLimits;
}

const clamp = (range: Range, min: number | undefined, max: number | undefined): Range => ({
  min: Math.max(range.min, min ?? range.min),
  max: Math.min(range.max, max ?? range.max),
  std: range.std,
});

const size = (text: string | undefined, system: number): number =>
  Math.min(system, (text === undefined ? undefined : parseSize(text)) ?? system);

export const effectiveLimits = (system: SystemLimits, own: NamespaceLimits = {}): EffectiveLimits => {
  const concurrentInvocations = own.concurrentInvocations ?? system.concurrentInvocations;
  const payload = size(own.maxPayloadSize, system.payload);
  const keptMs = own.warmedContainerKeepingCount ? (parseDuration(own.warmedContainerKeepingTimeout ?? '') ?? 0) : 0;
  const kinds = [...(system.allowedKinds ?? []), ...(own.allowedKinds ?? [])];
  return {
    ...system,
    invocationsPerMinute: own.invocationsPerMinute ?? system.invocationsPerMinute,
    concurrentInvocations,
    firesPerMinute: own.firesPerMinute ?? system.firesPerMinute,
    payload,
    parameters: size(own.maxParameterSize, system.parameters),
    truncation: size(own.truncationSize, system.payload),
    timeout: clamp(system.timeout, own.minActionTimeout, own.maxActionTimeout),
    memory: clamp(system.memory, own.minActionMemory, own.maxActionMemory),
    logs: clamp(system.logs, own.minActionLogs, own.maxActionLogs),
    concurrency: clamp(system.concurrency, own.minActionConcurrency, own.maxActionConcurrency),
    instances: own.maxActionInstances ?? concurrentInvocations,
    ...(kinds.length > 0 && { allowedKinds: kinds }),
    storeActivations: own.storeActivations ?? true,
    ...(keptMs > 0 && { keepWarm: { count: own.warmedContainerKeepingCount ?? 0, ms: keptMs } }),
    overrides: own,
  };
};

const check = (
  n: number,
  range: Range,
  above: (n: number, max: number) => string,
  below: (n: number, min: number) => string,
) => {
  if (n > range.max) return above(n, range.max);
  if (n < range.min) return below(n, range.min);
  return undefined;
};

type Given = Partial<Record<keyof ActionLimits, number>>;
type Bounded = 'timeout' | 'memory' | 'logs' | 'concurrency';

const TEXTS: Record<Bounded, [above: (n: number, max: number) => string, below: (n: number, min: number) => string]> = {
  timeout: [text.timeAbove, text.timeBelow],
  memory: [text.memoryAbove, text.memoryBelow],
  logs: [text.logsAbove, text.logsBelow],
  concurrency: [text.concurrencyAbove, text.concurrencyBelow],
};

const firstViolation = (given: Given, bounds: EffectiveLimits, order: readonly Bounded[]): string | undefined => {
  for (const name of order) {
    const n = given[name];
    const text = n === undefined ? undefined : check(n, bounds[name], ...TEXTS[name]);
    if (text !== undefined) return text;
  }
  return undefined;
};

/** Why a stored action may not run in a namespace: its first limit out of bounds (upstream's ActionLimits.checkLimits). */
export const limitViolation = (limits: ActionLimits, bounds: EffectiveLimits): string | undefined =>
  firstViolation(limits, bounds, ['timeout', 'memory', 'concurrency', 'logs']);

const WORDS = {
  timeout: 'time limit',
  memory: 'memory limit',
  logs: 'log limit',
  concurrency: 'intra concurrency limit',
  instances: 'instance concurrency limit',
} as const;

/** Checks the limits that a PUT gives; those it leaves as they are, are not looked at. Throws 400 with upstream's texts. */
export const checkLimits = (given: Given, bounds: EffectiveLimits): void => {
  for (const key of Object.keys(WORDS) as (keyof typeof WORDS)[]) {
    const n = given[key];
    if (n === undefined) continue;
    if (!Number.isInteger(n)) throw rejection(400, http.malformed(text.wholeNumber(WORDS[key])));
    if (n < 0 && (key === 'memory' || key === 'logs')) throw rejection(400, http.malformed(text.negativeSize));
    if (n < 0 && key === 'instances') throw rejection(400, http.malformed(text.instancesNegative));
  }
  const violation = firstViolation(given, bounds, ['memory', 'timeout', 'logs', 'concurrency']);
  if (violation) throw new HttpError(400, violation);
  if (given.instances !== undefined && given.instances > bounds.instances) {
    throw new HttpError(400, text.instancesAbove(bounds.instances));
  }
};

/** The limits of a PUT over those already stored, or over the defaults. */
export const mergeLimits = (
  given: Given,
  stored: ActionLimits | undefined,
  { timeout, memory, logs, concurrency }: SystemLimits,
): ActionLimits => {
  const instances = given.instances ?? stored?.instances;
  return {
    timeout: given.timeout ?? stored?.timeout ?? timeout.std,
    memory: given.memory ?? stored?.memory ?? memory.std,
    logs: given.logs ?? stored?.logs ?? logs.std,
    concurrency: given.concurrency ?? stored?.concurrency ?? concurrency.std,
    ...(instances !== undefined && { instances }),
  };
};
