import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { retention, systemLimits } from '../../src/config/limits.js';
import { loadConfig } from '../../src/config/load.js';
import { localLimits, openwhiskLimits } from '../../src/entities/limits.js';

const dir = mkdtempSync(join(tmpdir(), 'mw-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

const file = (value: unknown): string => {
  const path = join(dir, `${Math.random()}.json`);
  writeFileSync(path, JSON.stringify(value));
  return path;
};
const poolMemory = 4096;
const limitsOf = (flags: object) => systemLimits(loadConfig({ flags: { poolMemory, ...flags } }));

describe('limits', () => {
  it("are generous, or OpenWhisk's own", () => {
    expect(limitsOf({})).toEqual(localLimits(poolMemory));
    expect(limitsOf({}).timeout.max).toBe(3_600_000);
    expect(limitsOf({ limits: 'openwhisk' })).toEqual(openwhiskLimits);
  });

  it('are set one by one over the profile, by flag', () => {
    const limits = limitsOf({
      limits: 'openwhisk',
      limitTime: 1000,
      limitMemory: 1024,
      limitLogs: 5,
      limitConcurrency: 10,
      limitCode: '1 MB',
      limitParameters: '10KB',
      limitPayload: '2 MB',
      limitSequence: 3,
      limitInvocationsPerMinute: 1,
      limitConcurrentInvocations: 2,
      limitFiresPerMinute: 3,
      limitKinds: 'nodejs:20, python:3.11',
    });
    expect(limits).toEqual({
      invocationsPerMinute: 1,
      concurrentInvocations: 2,
      firesPerMinute: 3,
      sequenceLength: 3,
      payload: 2 * 1024 * 1024,
      parameters: 10 * 1024,
      code: 1024 * 1024,
      blockingWait: 60_000,
      timeout: { min: 100, max: 1000, std: 1000 },
      memory: { min: 128, max: 1024, std: 256 },
      logs: { min: 0, max: 5, std: 5 },
      concurrency: { min: 1, max: 10, std: 1 },
      allowedKinds: ['nodejs:20', 'python:3.11'],
    });
  });

  it('are an object in the config file, under flags and environment', () => {
    const config = loadConfig({
      file: file({ limits: { profile: 'openwhisk', payload: '3 MB', sequence: 9, time: 500 } }),
      env: { MINIWHISK_LIMIT_SEQUENCE: '8' },
      flags: { limitTime: 600 },
    });
    expect(config).toMatchObject({ limits: 'openwhisk', limitPayload: '3 MB', limitSequence: 8, limitTime: 600 });
    expect(loadConfig({ file: file({ limits: 'openwhisk' }) }).limits).toBe('openwhisk');
  });

  it.each([
    [{ payload: 5 }, `Bad value for 'limits.payload' in config file`],
    [{ payload: '5 miles' }, 'expected a size such as "2 MB", got "5 miles"'],
    [{ sequence: 0 }, 'expected a whole number from 1, got 0'],
    [{ profile: 'x' }, 'expected one of local, openwhisk, got "x"'],
    [{ speed: 1 }, `Unknown option 'limits.speed'`],
  ])('refuses %j', (limits, text) => {
    expect(() => loadConfig({ file: file({ limits }) })).toThrow(text);
  });

  it('refuses what cannot be', () => {
    expect(() => limitsOf({ limitMemory: 8192 })).toThrow('--limit-memory 8192 is more than the pool has');
    expect(() => limitsOf({ limitCode: '49 MB' })).toThrow('--limit-code 49 MB is too large: 48 MB at most');
    expect(() => loadConfig({ flags: { limitConcurrency: 501 } })).toThrow('from 1 to 500');
  });
});

describe('retention', () => {
  it('has a bound by age, count and size; 0 switches one off', () => {
    const month = 30 * 24 * 3600 * 1000;
    expect(retention(loadConfig({}))).toEqual({ maxAgeMs: month, maxRecords: 1_000_000, maxBytes: 2 * 1024 ** 3 });
    const off = { retentionDays: 0, retentionCount: 0, retentionSize: '0 B' };
    const none = Number.POSITIVE_INFINITY;
    expect(retention(loadConfig({ flags: off }))).toEqual({ maxAgeMs: none, maxRecords: none, maxBytes: none });
  });
});
