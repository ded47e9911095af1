import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  candidatesFor,
  expandCommand,
  type ProcessDefinition,
  readDefinitions,
  splitKind,
} from '../../../src/pool/drivers/process-definition.js';
import { Toolbox } from '../../../src/pool/drivers/process-tools.js';

let root: string;
let bin: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tools-'));
  bin = join(root, 'bin');
  mkdirSync(bin);
});
afterEach(() => rmSync(root, { recursive: true }));

const python = {
  families: ['python'],
  candidates: [['python{version}'], ['python3'], ['py', '-{version}']],
  probe: ['--version'],
  version: 'Python (\\d+)\\.(\\d+)(?:\\.(\\d+))?(?:\\s+(?<program>/.+))?',
  minimum: '3.7',
  command: ['{tool}', '-B', './proxy.py', '../shared/x', '--memory={memory}', '{node}'],
  env: { LIB: './lib', TOOL: '{tool}', V: '{version} {major}' },
};

const define = (definition: object = python): void => {
  mkdirSync(join(root, 'languages', 'python'), { recursive: true });
  mkdirSync(join(root, 'languages', 'empty'), { recursive: true });
  writeFileSync(join(root, 'languages', 'python', 'process.json'), JSON.stringify(definition));
};

/** A program that prints `output` and notes each start. */
const install = (name: string, output: string): string => {
  const file = join(bin, name);
  writeFileSync(file, `#!/bin/sh\necho x >> '${file}.started'\necho '${output}'\n`);
  chmodSync(file, 0o755);
  return file;
};

const toolbox = (): Toolbox => new Toolbox(join(root, 'languages'), { PATH: bin });

describe('process.json', () => {
  it('names its families; a folder without one has none; a wrong one is refused by name', async () => {
    define();
    expect([...(await readDefinitions(join(root, 'languages'))).keys()]).toEqual(['python']);
    define({ families: 'python' });
    await expect(readDefinitions(join(root, 'languages'))).rejects.toThrow(
      `${join(root, 'languages', 'python', 'process.json')} is not valid: 'families' must be an array`,
    );
  });

  it('gives candidates for the version of a kind, without repetitions', () => {
    const definition = {
      candidates: [['p{version}'], ['p{major}'], ['p'], ['{node}']],
    } as unknown as ProcessDefinition;
    expect(candidatesFor(definition, '3.11')).toEqual([['p3.11'], ['p3'], ['p'], [process.execPath]]);
    expect(candidatesFor(definition, '')).toEqual([['p'], [process.execPath]]);
    expect(splitKind('python:3.11')).toEqual({ family: 'python', version: '3.11' });
    expect(splitKind('rust:default')).toEqual({ family: 'rust', version: '' });
    expect(splitKind('blackbox')).toEqual({ family: 'blackbox', version: '' });
  });

  it('expands the command and the environment', async () => {
    define();
    const folder = join(root, 'languages', 'python');
    const definition = (await readDefinitions(join(root, 'languages'))).get('python') as ProcessDefinition;
    expect(expandCommand(definition, ['/bin/py', '-3.11'], '3.11', 256)).toEqual({
      program: '/bin/py',
      args: [
        '-3.11',
        '-B',
        join(folder, 'proxy.py'),
        join(root, 'languages', 'shared', 'x'),
        '--memory=256',
        process.execPath,
      ],
      env: { LIB: join(folder, 'lib'), TOOL: '/bin/py', V: '3.11 3' },
    });
  });
});

describe.skipIf(process.platform === 'win32')('Toolbox', () => {
  it('takes the version that the kind names, and asks each program once', async () => {
    define();
    const own = install('python3.11', 'Python 3.11.4');
    install('python3', 'Python 3.12.1');
    const tools = toolbox();
    const found = await tools.find('python:3.11');
    expect(found).toMatchObject({ prefix: [own], version: '3.11' });
    expect(found).not.toHaveProperty('note');
    expect(await tools.find('python:3.11')).toBe(found);
  });

  it('takes the highest other version, with a note', async () => {
    define();
    install('python3.9', 'Python 3.6.9');
    const other = install('python3', 'Python 3.12.1');
    expect(await toolbox().find('python:3.9')).toMatchObject({
      prefix: [other],
      note: `Kind 'python:3.9' runs on version 3.12.1 (${other}), the nearest on this machine.`,
    });
  });

  it('does not take 3.11 for 3.1, nor what is too old or says something else', async () => {
    define();
    const other = install('python3.1', 'Python 3.11.4');
    expect(await toolbox().find('python:3.1')).toMatchObject({ prefix: [other], note: expect.any(String) });
    install('python3.1', 'Python 3.1.4');
    install('python3', 'I am no snake');
    expect(await toolbox().find('python:3.1')).toMatchObject({
      missing: "Kind 'python:3.1' needs one of these programs on PATH, version 3.7 or later: python3.1, python3, py.",
      remedy: 'Install it, or start a Docker engine.',
    });
  });

  it('keeps the arguments that belong to a launcher, and uses the program behind a shim', async () => {
    define();
    const py = install('py', 'Python 3.11.4');
    expect(await toolbox().find('python:3.11')).toMatchObject({ prefix: [py, '-3.11'] });
    install('python3.11', 'Python 3.11.4 /opt/real/python');
    expect(await toolbox().find('python:3.11')).toMatchObject({ prefix: ['/opt/real/python'] });
  });

  it('says what can be done where nothing serves a kind', async () => {
    define({ ...python, platforms: ['beos'] });
    const tools = toolbox();
    expect(await tools.find('python:3.11')).toEqual({
      missing: "Kind 'python:3.11' runs on this system only in Docker.",
      remedy: 'Start a Docker engine.',
    });
    expect(await tools.find('java:8')).toEqual({
      missing: "Kind 'java:8' runs only in Docker.",
      remedy: 'Start a Docker engine.',
    });
    expect(await tools.find('blackbox')).toEqual({
      missing: 'Actions that name a container image need Docker.',
      remedy: 'Start a Docker engine.',
    });
  });

  it('reads the definitions anew after it could not', async () => {
    const tools = toolbox();
    await expect(tools.find('python:3.11')).rejects.toThrow('ENOENT');
    define();
    const own = install('python3.11', 'Python 3.11.4');
    expect(await tools.find('python:3.11')).toMatchObject({ prefix: [own] });
  });

  it('looks anew for a kind whose program failed to start', async () => {
    define();
    install('python3', 'Python 3.8.0');
    const tools = toolbox();
    expect(await tools.find('python:3.11')).toHaveProperty('note');
    const own = install('python3.11', 'Python 3.11.4');
    tools.forget('python:3.11');
    expect(await tools.find('python:3.11')).toMatchObject({ prefix: [own] });
  });
});
