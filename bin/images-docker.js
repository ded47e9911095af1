import { spawn } from 'node:child_process';

/** What went wrong, in a sentence for the user. `unavailable`: this machine cannot have it, whatever is tried. */
export class ImageError extends Error {
  constructor(message, { unavailable = false } = {}) {
    super(message);
    this.name = 'ImageError';
    this.unavailable = unavailable;
  }
}

/**
 * Runs a program to its end. Resolves to `{code, output}`, output being both streams together; code is null when there is
 * no such program. `from` is a readable stream for its standard input. `timeout` in ms kills it.
 */
export function run(program, args, { from, cwd, timeout, shell } = {}) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd, timeout, shell, stdio: [from ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = chunk => {
      output = (output + chunk).slice(-64 * 1024);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', error => resolve({ code: null, output: error.message }));
    child.on('close', code => resolve({ code: code ?? -1, output }));
    if (from) {
      from.pipe(child.stdin);
      child.stdin.on('error', () => {});
    }
  });
}

/** Like `run`, but anything except success is an ImageError that begins with `what`. */
export async function must(what, program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code === 0) return output.trim();
  const tail = output.trim().split('\n').slice(-12).join('\n');
  throw new ImageError(code === null ? `${what}: the program ${program} was not found.` : `${what}:\n${tail}`);
}

export async function requireDocker() {
  const { code, output } = await run('docker', [
    'version',
    '--format',
    '{{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}',
  ]);
  if (code === 0) return;
  if (code === null) throw new ImageError('The docker program was not found. Install it, or use the process driver.');
  throw new ImageError(`The Docker engine does not answer:\n${output.trim()}`);
}

/** `linux/amd64` … of the engine. */
export function enginePlatform() {
  return must('The Docker engine does not answer', 'docker', [
    'version',
    '--format',
    '{{.Server.Os}}/{{.Server.Arch}}',
  ]);
}

export async function hasImage(name) {
  return (await run('docker', ['image', 'inspect', name])).code === 0;
}

/** Registries that did not answer in this run: not asked again. */
const silent = new Set();

export async function canPull(name) {
  const registry = name.includes('.') && name.indexOf('.') < name.indexOf('/') ? name.split('/')[0] : '';
  if (silent.has(registry)) return false;
  const { code, output } = await run('docker', ['pull', '--quiet', name], { timeout: 600_000 });
  if (code !== 0 && /no such host|dial tcp|timeout|connection refused|TLS|Client\.Timeout/i.test(output))
    silent.add(registry);
  return code === 0;
}
