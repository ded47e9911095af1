import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { flagName, options } from '../src/config/options.js';
import { packageRoot } from '../src/package-root.js';

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');

/** Flags a row names; `-word` after `--group-a` is short for `--group-word`. */
const flagsOf = (row: string): string[] => {
  const cell = row.split('|')[1] ?? '';
  let group = '';
  return [...cell.matchAll(/`(--?[a-z0-9][a-z0-9-]+)/g)].map(([, word = '']) => {
    if (!word.startsWith('--')) return `${group}${word.slice(1)}`;
    group = word.slice(0, word.indexOf('-', 2) + 1);
    return word;
  });
};

it('the table of options names every option, and no other', () => {
  const section = readme.split(/^## /m).find(part => part.startsWith('Options\n')) ?? '';
  const rows = section.split('\n').filter(line => line.startsWith('| `--'));
  const named = rows.flatMap(flagsOf).map(flag => flag.replace(/^--(no-)?/, ''));
  const known = Object.keys(options).map(flagName);
  expect(known.filter(name => !named.includes(name))).toEqual([]);
  expect(named.filter(name => !known.includes(name))).toEqual([]);
});

it('the room map names rooms that are there', () => {
  const rooms = [...readme.matchAll(/^\| `((?:src|bin|test|runtimes)[a-z/]*\/)` \|/gm)].map(([, room = '']) => room);
  expect(rooms.length).toBeGreaterThan(10);
  expect(rooms.filter(room => !existsSync(join(packageRoot, room)))).toEqual([]);
});
