import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this file lies in. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const say = text => process.stderr.write(`miniwhisk: ${text}\n`);

/** Runs a program to its end with its output on standard error; ends this process when it fails. */
const run = (command, args) => {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status === 0) return;
  say(`'${command} ${args.join(' ')}' failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
};

/** Native modules are built for one version of Node.js, so that version is part of what "installed" means. */
const wantedPackages = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.versions.modules)
    .digest('hex');

const read = file => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

const install = () => {
  const stamp = join(root, 'node_modules', '.miniwhisk-installed');
  const wanted = wantedPackages();
  if (read(stamp) === wanted) return;
  say('installing packages (a minute or so, this once) …');
  run('npm', ['ci', '--include=dev', '--loglevel=error']);
  writeFileSync(stamp, wanted);
};

const newest = path =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((time, name) => Math.max(time, newest(join(path, name))), 0)
    : statSync(path).mtimeMs;

const build = () => {
  const dist = join(root, 'dist');
  const stamp = join(dist, '.built');
  const sources = Math.max(
    ...['src', 'bin', 'tsconfig.json', 'package-lock.json'].map(name => newest(join(root, name))),
  );
  if (existsSync(stamp) && statSync(stamp).mtimeMs > sources) return;
  say('building …');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  run(process.execPath, [join(root, 'bin', 'bundle.js')]);
  writeFileSync(stamp, '');
};

/** Brings packages and build up to date; costs a few milliseconds when they are. */
export const setUp = () => {
  install();
  build();
};
