'use strict';
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Program } = require('./program.js');

/** How many built actions the cache keeps. */
const KEPT = 200;
const MAX_OUTPUT = 256 * 1024;

/** What the proxy was started with. The builder is a path relative to the current folder of `runtimes`, or absolute. */
function settings([builder, ...rest], env, asProcess) {
  const memory = rest.map(word => /^--memory=(\d+)$/.exec(word)?.[1]).find(Boolean);
  return {
    builder: path.resolve(builder),
    tool: env.MINIWHISK_PROXY_TOOL || undefined,
    cache: env.MINIWHISK_PROXY_CACHE || undefined,
    memory: memory === undefined ? undefined : Number(memory),
    // As a process HOME is a folder that goes with the action; compilers keep their own caches in the user's.
    home: asProcess ? os.userInfo().homedir : env.HOME,
  };
}

/** A compiler did not accept the code; `userText` is what it said. */
function refusal(text) {
  const error = new Error('the code could not be built');
  error.userText = text;
  return error;
}

/** Whoever watches the memory of this process group sees by this file that a compiler is at work. */
const MARK = path.join(os.tmpdir(), 'compiling');

/** Runs a compiler to its end. Rejects with what it said when it fails. */
function compile(program, args, { cwd, env }) {
  fs.writeFileSync(MARK, '');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    Program.watch(child);
    let output = '';
    const keep = chunk => {
      if (output.length < MAX_OUTPUT) output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', error => reject(refusal(`${program} cannot be started: ${error.message}`)));
    child.on('close', code =>
      code === 0 ? resolve(output) : reject(refusal(`error: the code does not compile\n${output.trimEnd()}`)),
    );
  }).finally(() => fs.rmSync(MARK, { force: true }));
}

function toolMark(tool) {
  if (tool === undefined) return '';
  try {
    const { mtimeMs, size } = fs.statSync(fs.realpathSync(tool));
    return `${tool} ${mtimeMs} ${size}`;
  } catch {
    return tool;
  }
}

/** A build that takes longer than this, in ms, was killed: no action may run for so long. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** Forgets what was not used for longest, and what builds that were killed left. */
function prune(cache) {
  const folders = fs.readdirSync(cache, { withFileTypes: true });
  for (const { name } of folders) {
    const folder = path.join(cache, name);
    const changed = name.startsWith('building-') && fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (changed && Date.now() - changed > ABANDONED) fs.rmSync(folder, { recursive: true, force: true });
  }
  const entries = folders
    .filter(entry => entry.isDirectory() && /^[0-9a-f]{64}$/.test(entry.name))
    .map(({ name }) => ({ name, used: fs.statSync(path.join(cache, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { name } of entries.slice(KEPT)) fs.rmSync(path.join(cache, name), { recursive: true, force: true });
}

/**
 * Builds, or takes what was built before from the same code. `builder.build(job)` fills the folder `job.out` and resolves
 * to the command; words of it that begin with `./` are paths in that folder. Resolves to the command to run.
 */
async function cached(options, builder) {
  const job = { ...options, compile, refusal, env: { ...process.env, ...(options.home && { HOME: options.home }) } };
  const absolute = (command, out) => command.map(word => (word.startsWith('./') ? path.join(out, word) : word));
  job.out = path.join(options.folder, 'built');
  if (options.cache === undefined) {
    fs.mkdirSync(job.out);
    return absolute(await builder.build(job), job.out);
  }
  const hash = createHash('sha256');
  for (const part of [
    options.builder,
    builder.recipe ?? '',
    toolMark(options.tool),
    options.memory ?? '',
    options.entry,
  ]) {
    hash.update(`${part}\0`);
  }
  const kept = path.join(options.cache, hash.update(options.data).digest('hex'));
  const commandFile = path.join(kept, 'command.json');
  try {
    const command = JSON.parse(fs.readFileSync(commandFile, 'utf8'));
    fs.utimesSync(kept, new Date(), new Date());
    return absolute(command, kept);
  } catch {
    // Not there yet.
  }
  fs.mkdirSync(options.cache, { recursive: true });
  job.out = fs.mkdtempSync(path.join(options.cache, 'building-'));
  try {
    const command = await builder.build(job);
    fs.writeFileSync(path.join(job.out, 'command.json'), JSON.stringify(command));
    try {
      fs.renameSync(job.out, kept);
    } catch (error) {
      // Another proxy was faster with the same code.
      if (!fs.existsSync(commandFile)) throw error;
    }
    prune(options.cache);
    return absolute(command, kept);
  } finally {
    fs.rmSync(job.out, { recursive: true, force: true });
  }
}

module.exports = { settings, cached };
