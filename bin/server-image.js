#!/usr/bin/env node
/** `npm run server-image -- [--base IMAGE] [--tag IMAGE]`: builds the image of the server, for `miniwhisk kubernetes`. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { readArguments } from './arguments.js';
import { root, setUp } from './setup.js';

const { version, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const BASE = `node:${process.versions.node.split('.')[0]}-slim`;
const TAG = `miniwhisk/server:${version}`;

const HELP = `Usage: npm run server-image [-- options]

Builds the image of the server from this checkout, for \`miniwhisk kubernetes manifest --image\`, and prints its name.

Options:
  --base IMAGE      what to build on; it must have the Node.js that runs this (${BASE})
  --tag IMAGE       the name of the image (${TAG})
  --help            this text

Needs the docker program.`;

const values = readArguments('server-image', HELP, {
  base: { type: 'string', default: BASE },
  tag: { type: 'string', default: TAG },
});

const run = (command, args, options = {}) => {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
};

setUp();
const context = mkdtempSync(join(tmpdir(), 'miniwhisk-server-'));
try {
  const app = join(context, 'app');
  for (const file of ['package.json', ...files]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(app, file), { recursive: true });
  }
  // The packages are those of this checkout, native ones for this machine's Node.js: the base must have the same.
  const packages = run('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: root }).trim().split('\n').slice(1);
  for (const folder of packages) {
    const skip = file => !relative(folder, file).split('/').includes('node_modules');
    cpSync(folder, join(app, relative(root, folder)), { recursive: true, filter: skip });
  }
  const dockerfile = join(root, 'runtimes', 'server', 'Dockerfile');
  run('docker', ['build', '-q', '-f', dockerfile, '--build-arg', `BASE=${values.base}`, '-t', values.tag, context]);
  console.log(values.tag);
} finally {
  rmSync(context, { recursive: true, force: true });
}
