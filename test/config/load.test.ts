import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';

const dir = mkdtempSync(join(tmpdir(), 'mw-load-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('a list', () => {
  it('comes from flags, from words of the environment, or from the file', () => {
    expect(loadConfig({ flags: { kind: ['a=b', 'c=d'] } }).kind).toEqual(['a=b', 'c=d']);
    expect(loadConfig({ env: { MINIWHISK_KIND: 'a=b, c=d' } }).kind).toEqual(['a=b', 'c=d']);
    const file = join(dir, 'config.json');
    writeFileSync(file, '{"kind": ["a=b"]}');
    expect(loadConfig({ file }).kind).toEqual(['a=b']);
    expect(loadConfig({}).kind).toBeUndefined();
  });

  it('is refused by name when it is none, or holds anything else', () => {
    expect(() => loadConfig({ flags: { kind: 'a=b' } })).toThrow(/--kind: expected KIND=IMAGE.*got "a=b"/);
    expect(() => loadConfig({ flags: { kind: [5] } })).toThrow(/--kind: expected KIND=IMAGE.*got 5/);
  });
});

describe('--registry-mirror', () => {
  it.each(['mirror.example', 'https://mirror.example:5000', '127.0.0.1:5000/hub', 'localhost:1/'])('takes %s', word => {
    expect(loadConfig({ flags: { registryMirror: word } }).registryMirror).toBe(word);
  });
  it.each(['ftp://x', 'a b', ''])('refuses %j', word => {
    expect(() => loadConfig({ flags: { registryMirror: word } })).toThrow(
      /--registry-mirror: expected a registry such/,
    );
  });
});
