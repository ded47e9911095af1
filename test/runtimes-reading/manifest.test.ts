import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/entities/duration.js';
import { UsageError } from '../../src/errors.js';
import { loadManifest, type Runtimes } from '../../src/runtimes/manifest.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifest-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'runtimes.json');
const load = (content: unknown): Runtimes => {
  writeFileSync(file(), typeof content === 'string' ? content : JSON.stringify(content));
  return loadManifest(file());
};
const refusal = (content: unknown): string => {
  try {
    load(content);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

const image = { prefix: 'openwhisk', name: 'action-nodejs-v20', tag: 'nightly' };
const node = { kind: 'nodejs:20', default: true, image };
const one = (more: object) => ({ runtimes: { nodejs: [{ ...node, ...more }] } });

describe('loadManifest', () => {
  it('reads the manifest of the package', () => {
    const runtimes = loadManifest();
    expect(runtimes.kinds()).toContain('nodejs:20');
    expect(runtimes.resolveDefault('nodejs:default')).toBe('nodejs:20');
    for (const kind of runtimes.kinds()) {
      const { family } = runtimes.kind(kind) ?? {};
      expect(runtimes.families()[family as string]?.map(r => r.kind)).toContain(kind);
    }
  });

  it('gives each kind with defaults filled in, and ignores what it does not know', () => {
    const runtimes = load({
      description: ['x'],
      later: 1,
      runtimes: {
        nodejs: [
          { kind: 'nodejs:18', image: { name: 'a' }, deprecated: true, sentinelledLogs: false, colour: 'red' },
          { ...node, attached: { attachmentName: 'codefile', attachmentType: 'text/plain' } },
        ],
        java: [{ kind: 'java:8', image: { registry: 'reg.example:5000', prefix: 'p', name: 'j' }, requireMain: true }],
      },
      blackboxes: [{ prefix: 'openwhisk', name: 'dockerskeleton', tag: 'nightly' }],
    });
    expect(runtimes.kinds()).toEqual(['nodejs:18', 'nodejs:20', 'java:8']);
    expect(runtimes.kind('nodejs:20')).toEqual({
      kind: 'nodejs:20',
      family: 'nodejs',
      image: 'openwhisk/action-nodejs-v20:nightly',
      deprecated: false,
      default: true,
      attached: true,
      requireMain: false,
      sentinelledLogs: true,
      stemCells: [],
    });
    expect(runtimes.kind('nodejs:18')).toMatchObject({ image: 'a', deprecated: true, sentinelledLogs: false });
    expect(runtimes.kind('java:8')).toMatchObject({ image: 'reg.example:5000/p/j', requireMain: true });
    expect(runtimes.kind('nodejs:21')).toBeUndefined();
    expect(runtimes.resolveDefault('java:default')).toBe('java:8');
    expect(runtimes.resolveDefault('ruby:default')).toBe('ruby:default');
    expect(runtimes.blackboxes).toEqual(['openwhisk/dockerskeleton:nightly']);
    expect(runtimes.families()['java']).toEqual([
      {
        kind: 'java:8',
        image: 'reg.example:5000/p/j',
        deprecated: false,
        default: false,
        attached: false,
        requireMain: true,
      },
    ]);
  });

  it('reads stem cells, the older name of the count and reactive ones too', () => {
    const reactive = { minCount: 1, maxCount: 4, ttl: '2 minutes', threshold: 1, increment: 1 };
    const stemCells = [
      { initialCount: 2, memory: '256 MB', reactive },
      { count: 1, memory: '1 GB' },
    ];
    expect(load(one({ stemCells })).kind('nodejs:20')?.stemCells).toEqual([
      {
        initialCount: 2,
        memoryMb: 256,
        reactive: { minCount: 1, maxCount: 4, ttlMs: 120_000, threshold: 1, increment: 1 },
      },
      { initialCount: 1, memoryMb: 1024 },
    ]);
  });

  it.each<[unknown, string]>([
    [[], "expected an object at 'the top', got []."],
    [{}, "expected a value at 'runtimes', got nothing."],
    [{ runtimes: { nodejs: [] } }, "expected a list that is not empty at 'runtimes.nodejs', got []."],
    [{ runtimes: { nodejs: {} } }, "expected a list at 'runtimes.nodejs', got {}."],
    [{ runtimes: { nodejs: [{ image }] } }, "expected a value at 'runtimes.nodejs[0].kind', got nothing."],
    [one({ image: 'x' }), 'expected an object at \'runtimes.nodejs[0].image\', got "x".'],
    [one({ deprecated: 'no' }), 'expected true or false at \'runtimes.nodejs[0].deprecated\', got "no".'],
    [
      one({ stemCells: [{ memory: '256 MB' }] }),
      "expected a value at 'runtimes.nodejs[0].stemCells[0].initialCount', got nothing.",
    ],
    [
      one({ stemCells: [{ initialCount: 0, memory: '256 MB' }] }),
      "expected a whole number from 1 at 'runtimes.nodejs[0].stemCells[0].initialCount', got 0.",
    ],
    [
      one({ stemCells: [{ initialCount: 1, memory: 'lots' }] }),
      'expected a size such as "256 MB" at \'runtimes.nodejs[0].stemCells[0].memory\', got "lots".',
    ],
    [
      one({
        stemCells: [
          {
            initialCount: 1,
            memory: '1 GB',
            reactive: { minCount: 5, maxCount: 4, ttl: '1 m', threshold: 1, increment: 1 },
          },
        ],
      }),
      "expected no more than maxCount (4) at 'runtimes.nodejs[0].stemCells[0].reactive.minCount', got 5.",
    ],
    [
      { runtimes: { nodejs: [node, { ...node, kind: 'nodejs:22' }] } },
      'expected exactly one kind with "default": true at \'runtimes.nodejs\', got ["nodejs:20","nodejs:22"].',
    ],
    [
      {
        runtimes: {
          a: [
            { kind: 'a:1', image },
            { kind: 'a:2', image },
          ],
        },
      },
      'expected exactly one kind with "default": true at \'runtimes.a\', got [].',
    ],
    [
      { runtimes: { a: [{ kind: 'x', image }], b: [{ kind: 'x', image }] } },
      'expected a kind that is listed once at \'runtimes.b[0].kind\', got "x".',
    ],
  ])('refuses %j', (content, message) => {
    expect(refusal(content)).toBe(`Runtimes manifest '${file()}': ${message}`);
  });

  it('refuses what is no JSON, and a file that is not there', () => {
    expect(refusal('{"runtimes"')).toContain(`Runtimes manifest '${file()}' is not valid JSON: `);
    const missing = join(folder, 'none.json');
    expect(() => loadManifest(missing)).toThrow(`Runtimes manifest '${missing}' cannot be read: ENOENT`);
  });
});

describe('parseDuration', () => {
  it.each([
    ['2 minutes', 120_000],
    ['1 minute', 60_000],
    ['30s', 30_000],
    ['500 millis', 500],
    ['1 hour', 3_600_000],
    ['2 days', 172_800_000],
    ['soon', undefined],
    ['5', undefined],
    ['1.5 s', undefined],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));
});
