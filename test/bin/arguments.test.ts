import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Exit, launch } from '../support/launch.js';

const script = (name: string, ...args: string[]): Promise<Exit> =>
  launch(args, { bin: fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url)) }).exit;

describe.each(['torture', 'soak', 'server-image'])('npm run %s', name => {
  it.each(['--help', '-h'])('has %s', async flag => {
    const { code, stdout, stderr } = await script(name, flag);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: npm run ${name} .*\\n\\n(.|\\n)*Options:\\n(  --.*\\n)*  --help`));
  });

  it.each([
    [['--nope'], "Unknown option '--nope'."],
    [['a.b'], "Unexpected argument 'a.b'."],
  ])('ends with 2 at %j', async (args, fault) => {
    const { code, stdout, stderr } = await script(name, ...args);
    const hint = `\`npm run ${name} -- --help\` tells what there is.`;
    expect([code, stdout, stderr]).toEqual([2, '', `npm run ${name}: ${fault} ${hint}\n`]);
  });
});

it.each([
  ['torture', ['--rounds', 'abc'], 'bad value for --rounds: expected a whole number from 1, got "abc".'],
  ['torture', ['--rounds'], "Option '--rounds <value>' argument missing."],
  ['torture', ['--rounds', '--seed', '1'], "Option '--rounds' argument is ambiguous."],
  ['torture', ['--seed=-1'], 'bad value for --seed: expected a whole number from 0, got "-1".'],
  ['torture', ['--driver', 'vm'], 'bad value for --driver: expected docker or process, got "vm".'],
  ['soak', ['--minutes', '0'], 'bad value for --minutes: expected a whole number from 1, got "0".'],
])('npm run %s %j ends with 2', async (name, args, fault) => {
  const { code, stderr } = await script(name, ...args);
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toContain(`npm run ${name}: ${fault} `);
});
