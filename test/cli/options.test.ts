import { describe, expect, it } from 'vitest';
import { launch } from '../support/launch.js';

const completions = async (...words: string[]): Promise<string[]> =>
  (await launch(['--get-yargs-completions', 'miniwhisk', ...words]).exit).stdout.trim().split('\n');

describe('an option with a fixed set of values', () => {
  it.each([
    [
      ['--driver', ''],
      ['auto', 'docker', 'process', 'kubernetes'],
    ],
    [['--driver', 'p'], ['process']],
    [
      ['start', '--log-format', ''],
      ['pretty', 'json'],
    ],
    [
      ['doctor', '--pull', ''],
      ['missing', 'always', 'never'],
    ],
    [
      ['images', 'pull', '--pull', ''],
      ['missing', 'always', 'never'],
    ],
  ])('completes %j', async (words, values) => expect(await completions(...words)).toEqual(values));

  it('is completed itself', async () => {
    expect(await completions('--dr')).toContain('--driver');
    expect(await completions('--memory', '--dr')).toContain('--driver');
    expect(await completions('us')).toContain('user');
    expect(await completions('user', 'create', '--')).toEqual(expect.arrayContaining(['--auth', '--namespace']));
  });

  it('has its values in the help, once', async () => {
    const { stdout } = await launch(['--help']).exit;
    expect(stdout.replace(/\s+/g, ' ').match(/"?auto"?, "?docker"?, "?process"?, "?kubernetes"?/g)).toHaveLength(1);
  });

  it.each([
    [['--driver', 'vm'], '--driver: expected one of auto, docker, process, kubernetes, got "vm".'],
    [
      ['--driver', 'vm', '--log-format', 'xml'],
      '--driver: expected one of auto, docker, process, kubernetes, got "vm".',
    ],
    [['--log-format', 'xml'], '--log-format: expected one of pretty, json, got "xml".'],
    [
      ['--aes128-key', 'x', '--parameter-storage', '5'],
      '--parameter-storage: expected one of noop, aes-128, aes-256, got "5".',
    ],
    [['doctor', '--pull', 'x'], '--pull: expected one of missing, always, never, got "x".'],
    [['doctor', '--pull', 'x', '--pull', 'y'], '--pull: expected one of missing, always, never, got "x", "y".'],
  ])('refuses %j', async (args, text) => {
    const { code, stderr } = await launch(args).exit;
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toContain(`miniwhisk: Bad value for ${text}`);
  });

  it('may be given twice; the last one counts', async () => {
    const { stdout } = await launch([
      'doctor',
      '--driver',
      'docker',
      '--driver',
      'process',
      '--port',
      '0',
      '--memory',
      '--json',
    ]).exit;
    expect(JSON.parse(stdout).healthy).toBe(true);
  });
});
