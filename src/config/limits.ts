import { localLimits, openwhiskLimits, parseSize, type Range, type SystemLimits } from '../entities/limits.js';
import { UsageError } from '../errors.js';
import { type Config, flagName, type OptionName } from './options.js';

const MB = 1024 * 1024;
/** A request's body may have 50 MB (OPENWHISK.md 1.1): code and payload must fit in, with what is around them. */
const LARGEST = 48 * MB;

const sized = (config: Config, name: OptionName & `limit${string}`, normal: number, largest = Infinity): number => {
  const given = config[name];
  if (given === undefined) return normal;
  const bytes = parseSize(String(given)) ?? normal;
  if (bytes > largest) {
    throw new UsageError(`--${flagName(name)} ${given} is too large: ${largest / MB} MB at most.`);
  }
  return bytes;
};

/** A range up to `max`; its default value follows when that is lower. */
const upTo = (range: Range, max: number | undefined): Range =>
  max === undefined ? range : { ...range, max, std: Math.min(range.std, max) };

/** The server's own limits: the profile that `--limits` names, with single ones set over it. Throws `UsageError`. */
export const systemLimits = (config: Config): SystemLimits => {
  const profile = config.limits === 'openwhisk' ? openwhiskLimits : localLimits(config.poolMemory);
  const { limitMemory } = config;
  if (limitMemory !== undefined && limitMemory > config.poolMemory) {
    throw new UsageError(
      `--${flagName('limitMemory')} ${limitMemory} is more than the pool has. Raise --${flagName('poolMemory')} ${config.poolMemory} too.`,
    );
  }
  return {
    invocationsPerMinute: config.limitInvocationsPerMinute ?? profile.invocationsPerMinute,
    concurrentInvocations: config.limitConcurrentInvocations ?? profile.concurrentInvocations,
    firesPerMinute: config.limitFiresPerMinute ?? profile.firesPerMinute,
    sequenceLength: config.limitSequence ?? profile.sequenceLength,
    payload: sized(config, 'limitPayload', profile.payload, LARGEST),
    parameters: sized(config, 'limitParameters', profile.parameters, LARGEST),
    code: sized(config, 'limitCode', profile.code, LARGEST),
    blockingWait: profile.blockingWait,
    timeout: upTo(profile.timeout, config.limitTime),
    memory: upTo(profile.memory, limitMemory),
    logs: upTo(profile.logs, config.limitLogs),
    concurrency: upTo(profile.concurrency, config.limitConcurrency),
    ...(config.limitKinds !== undefined && { allowedKinds: config.limitKinds.split(/[\s,]+/).filter(Boolean) }),
  };
};

/** How long activations are kept; 0 switches a bound off. */
export const retention = (config: Config): { maxAgeMs: number; maxRecords: number; maxBytes: number } => {
  const bound = (n: number): number => (n === 0 ? Number.POSITIVE_INFINITY : n);
  return {
    maxAgeMs: bound(config.retentionDays) * 24 * 3600 * 1000,
    maxRecords: bound(config.retentionCount),
    maxBytes: bound(parseSize(config.retentionSize) ?? 0),
  };
};
