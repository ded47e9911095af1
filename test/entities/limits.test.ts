import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkLimits,
  effectiveLimits,
  limitViolation,
  localLimits,
  mergeLimits,
  openwhiskLimits,
  parseSize,
} from '../../src/entities/limits.js';
import type { NamespaceLimits } from '../../src/entities/types.js';
import { limits as text } from '../../src/messages.js';

const n = fc.nat(2_000_000);
const overrides = fc.record(
  {
    minActionMemory: n,
    maxActionMemory: n,
    minActionTimeout: n,
    maxActionTimeout: n,
    minActionLogs: n,
    maxActionLogs: n,
    minActionConcurrency: n,
    maxActionConcurrency: n,
    maxPayloadSize: n.map(size => `${size} KB`),
    maxParameterSize: n.map(size => `${size} B`),
    truncationSize: n.map(size => `${size} MB`),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<NamespaceLimits>;

describe('limits of a namespace', () => {
  it('never leave the bounds of the server', () => {
    for (const system of [openwhiskLimits, localLimits(4096)]) {
      fc.assert(
        fc.property(overrides, own => {
          const limits = effectiveLimits(system, own);
          for (const name of ['memory', 'timeout', 'logs', 'concurrency'] as const) {
            expect(limits[name].min).toBeGreaterThanOrEqual(system[name].min);
            expect(limits[name].max).toBeLessThanOrEqual(system[name].max);
          }
          for (const name of ['payload', 'parameters'] as const) expect(limits[name]).toBeLessThanOrEqual(system[name]);
          expect(limits.truncation).toBeLessThanOrEqual(system.payload);
        }),
      );
    }
  });

  it('are the override where it is within them', () => {
    const own = { maxActionMemory: 300, minActionTimeout: 200, concurrentInvocations: 7, maxPayloadSize: '1 KB' };
    const limits = effectiveLimits(openwhiskLimits, own);
    expect([limits.memory.max, limits.timeout.min, limits.concurrentInvocations, limits.payload]).toEqual([
      300, 200, 7, 1024,
    ]);
    expect([limits.instances, limits.truncation, limits.storeActivations]).toEqual([7, 1024 * 1024, true]);
  });

  it('join kinds with those of the server; an empty list is none', () => {
    const system = { ...openwhiskLimits, allowedKinds: ['a'] };
    expect(effectiveLimits(system, { allowedKinds: ['b'] }).allowedKinds).toEqual(['a', 'b']);
    expect(effectiveLimits(system).allowedKinds).toEqual(['a']);
    expect(effectiveLimits(openwhiskLimits, { allowedKinds: [] }).allowedKinds).toBeUndefined();
  });

  it('keep containers warm only with a count and a time', () => {
    const keep = (own: NamespaceLimits) => effectiveLimits(openwhiskLimits, own).keepWarm;
    expect(keep({ warmedContainerKeepingCount: 2, warmedContainerKeepingTimeout: '3 minutes' })).toEqual({
      count: 2,
      ms: 180_000,
    });
    expect(keep({ warmedContainerKeepingCount: 2 })).toBeUndefined();
    expect(keep({ warmedContainerKeepingCount: 0, warmedContainerKeepingTimeout: '1 s' })).toBeUndefined();
  });
});

describe('limits of an action', () => {
  const bounds = effectiveLimits(openwhiskLimits, { maxActionMemory: 200, maxActionTimeout: 1000 });

  it("are checked where they are given, in upstream's order", () => {
    expect(() => checkLimits({}, bounds)).not.toThrow();
    expect(() => checkLimits({ memory: 1, timeout: 1, logs: 99 }, bounds)).toThrow(text.memoryBelow(1, 128));
    expect(() => checkLimits({ timeout: 1, logs: 99 }, bounds)).toThrow(text.timeBelow(1, 100));
    expect(() => checkLimits({ concurrency: 2, logs: 99 }, bounds)).toThrow(text.logsAbove(99, 10));
    expect(() => checkLimits({ instances: 31 }, bounds)).toThrow(text.instancesAbove(30));
  });

  it('that are stored are checked when it runs, in another order', () => {
    const stored = mergeLimits({ logs: 99 }, undefined, openwhiskLimits);
    expect(limitViolation(stored, bounds)).toBe(text.timeAbove(60_000, 1000));
    expect(limitViolation({ ...stored, timeout: 100 }, bounds)).toBe(text.memoryAbove(256, 200));
    expect(limitViolation({ ...stored, timeout: 100, memory: 128 }, bounds)).toBe(text.logsAbove(99, 10));
    expect(limitViolation({ ...stored, timeout: 100, memory: 128, logs: 1 }, bounds)).toBeUndefined();
  });

  it('stay as they are stored where a PUT gives none', () => {
    const stored = { timeout: 1, memory: 2, logs: 3, concurrency: 4, instances: 5 };
    expect(mergeLimits({}, stored, openwhiskLimits)).toEqual(stored);
    expect(mergeLimits({ memory: 9 }, stored, openwhiskLimits)).toEqual({ ...stored, memory: 9 });
    expect(mergeLimits({}, undefined, openwhiskLimits)).toEqual({
      timeout: 60_000,
      memory: 256,
      logs: 10,
      concurrency: 1,
    });
  });
});

it.each([
  ['1 MB', 1024 ** 2],
  ['1mb', 1024 ** 2],
  ['2 M', 2 * 1024 ** 2],
  ['512 KB', 512 * 1024],
  ['3K', 3 * 1024],
  ['1 GB', 1024 ** 3],
  ['10 B', 10],
  [' 10B ', 10],
  ['10', undefined],
  ['bb', undefined],
  ['1 bb', undefined],
  ['-1 B', undefined],
])('%j is %j bytes', (given, bytes) => {
  expect(parseSize(given)).toBe(bytes);
});
