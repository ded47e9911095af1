/** Base images made on this machine: from its own node, or from Debian's packages. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { enginePlatform, hasImage, ImageError, must, run } from './images-docker.js';

/** Raised when what is made from the same recipe changes. */
const RECIPE = 1;
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

async function requireSameArchitecture() {
  const here = `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`;
  const there = await enginePlatform();
  if (here !== there) {
    throw new ImageError(
      `A base image can be made only where this machine (${here}) is what the engine runs on (${there}).`,
      {
        unavailable: true,
      },
    );
  }
}

const shortHash = value => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);

/** Imports a root file system that `producer` writes as a tar on its standard output. */
async function importRoot(what, name, [program, ...args]) {
  const producer = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  producer.stderr.on('data', chunk => {
    errors = (errors + chunk).slice(-16 * 1024);
  });
  const ended = new Promise(resolve => {
    producer.on('error', error => resolve(error.code === 'ENOENT' ? null : error.message));
    producer.on('close', code => resolve(code));
  });
  const change = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const imported = await run('docker', ['import', '--change', change, '-', name], { from: producer.stdout });
  const code = await ended;
  if (code === null)
    throw new ImageError(`${what}: the program ${program} was not found. (Debian: apt-get install ${program})`);
  if (code !== 0) {
    await run('docker', ['rmi', name]);
    throw new ImageError(`${what}:\n${errors.trim().split('\n').slice(-12).join('\n')}`);
  }
  if (imported.code !== 0) throw new ImageError(`${what}: docker import failed:\n${imported.output.trim()}`);
}

/** The node program of a major version: this process's own, or the one that npm has as a package. */
async function nodeProgram(major, workspace) {
  if (Number(process.versions.node.split('.')[0]) === major)
    return { program: process.execPath, version: process.version };
  const name = `node-${process.platform}-${process.arch}`;
  await must(`npm has no ${name}@${major}`, 'npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--prefix',
    workspace,
    `${name}@${major}`,
  ]);
  const program = path.join(workspace, 'node_modules', name, 'bin', 'node');
  return { program, version: await must('That node does not run', program, ['--version']) };
}

/** Absolute paths of the shared libraries a program loads, its loader among them. */
async function libraries(program) {
  const listing = await must(`ldd cannot tell what ${program} needs`, 'ldd', [program]);
  return listing
    .split('\n')
    .map(line => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1])
    .filter(file => file !== undefined);
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n';
const GROUP = 'root:x:0:\nnogroup:x:65534:\n';
/** Not in every C library any more, loaded by name for users and host names where they are. */
const NAME_SERVICES = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** A root file system that holds node, a shell and what they load: made in a second. */
async function nodeBase(major, { rebuild, note }) {
  await requireSameArchitecture();
  const own = Number(process.versions.node.split('.')[0]) === major;
  const name = `miniwhisk/base-node:${shortHash([RECIPE, major, own ? process.version : 'npm', process.arch])}`;
  if (!rebuild && (await hasImage(name))) return name;
  note(own ? `making a base from this machine's node ${process.version}` : `making a base from npm's node ${major}`);
  const workspace = await mkdtemp(path.join(tmpdir(), 'miniwhisk-base-'));
  try {
    const root = path.join(workspace, 'root');
    const place = async (from, to) => {
      const target = path.join(root, to);
      await mkdir(path.dirname(target), { recursive: true });
      await cp(await realpath(from), target);
    };
    const { program } = await nodeProgram(major, workspace);
    await place(program, '/usr/local/bin/node');
    await place('/bin/sh', '/bin/sh');
    const needed = new Set([...(await libraries(program)), ...(await libraries('/bin/sh'))]);
    const libc = [...needed].find(file => file.includes('/libc.so'));
    for (const service of NAME_SERVICES) {
      const file = libc && path.join(path.dirname(libc), service);
      if (file && (await stat(file).catch(() => undefined))) needed.add(file);
    }
    for (const file of needed) await place(file, file);
    if (await stat(CERTIFICATES).catch(() => undefined)) await place(CERTIFICATES, CERTIFICATES);
    for (const [file, text] of [
      ['passwd', PASSWD],
      ['group', GROUP],
      ['nsswitch.conf', 'hosts: files dns\n'],
    ]) {
      await mkdir(path.join(root, 'etc'), { recursive: true });
      await writeFile(path.join(root, 'etc', file), text);
    }
    await mkdir(path.join(root, 'tmp'), { mode: 0o1777 });
    await must('chmod', 'chmod', ['1777', path.join(root, 'tmp')]);
    await must('chmod', 'chmod', ['755', root]);
    await importRoot('The base image could not be made', name, [
      'tar',
      '-C',
      root,
      '--owner=0',
      '--group=0',
      '-cf',
      '-',
      '.',
    ]);
    return name;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

const WITHOUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** A minimal Debian of a suite with some packages, by mmdebstrap. */
async function debianBase(suite, packages, { rebuild, note }) {
  await requireSameArchitecture();
  const included = ['ca-certificates', ...packages];
  const name = `miniwhisk/base-debian:${suite}-${shortHash([RECIPE, suite, included, process.arch])}`;
  if (!rebuild && (await hasImage(name))) return name;
  note(`making a base of Debian ${suite} with ${packages.join(', ') || 'nothing more'} (a minute or so)`);
  const dpkg = WITHOUT.map(pattern => `--dpkgopt=path-exclude=${pattern}`);
  const command = [
    'mmdebstrap',
    '--quiet',
    '--variant=minbase',
    ...dpkg,
    // Java's packages fail without that folder.
    '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
    `--include=${included.join(',')}`,
    suite,
    '-',
  ];
  await importRoot(`mmdebstrap could not make Debian ${suite}`, name, command);
  return name;
}

/**
 * The name of a base image made here by `local`: `{node: 20}` or `{suite: 'bookworm', packages: [...]}`.
 * `note` is told in a few words what takes long.
 */
export function localBase(local, options) {
  return local.node === undefined
    ? debianBase(local.suite, local.packages ?? [], options)
    : nodeBase(local.node, options);
}
