'use strict';
/**
 * The proxy of Docker actions: every run starts the program /action/exec anew. The argument is its first word (up to 128 KB)
 * and a line on its standard input; the last line that it prints is the result, everything before is log.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { serve, errorBody } = require('../nodejs/wire.js');

const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n';
const MAX_BODY = 128 * 1024 * 1024;
/** Linux takes no longer word on a command line: MAX_ARG_STRLEN of linux/binfmts.h, less its end mark. */
const MAX_WORD = 131071;
const NOT_FOUND_OR_BAD = 'The action failed to generate or locate a binary. See logs for details.';
const NO_RESULT = 'The action did not return a dictionary or array.';
const NO_ARGUMENT = 'The action did not receive a dictionary or array as an argument.';

const listen =
  process.env.MINIWHISK_PROXY_LISTEN || (process.env.FLASK_PROXY_PORT && `0.0.0.0:${process.env.FLASK_PROXY_PORT}`);
const FOLDER = process.env.MINIWHISK_PROXY_ACTION || '/action';
const EXEC = path.join(FOLDER, 'exec');
const watchParent = process.env.MINIWHISK_PROXY_PARENT === 'stdin';
for (const name of Object.keys(process.env)) if (name.startsWith('MINIWHISK_')) delete process.env[name];

let initialized = false;
let turn = Promise.resolve();
let child;

function writeAll(fd, data) {
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function endActivation() {
  writeAll(1, SENTINEL);
  writeAll(2, SENTINEL);
}

function exportEnv(name, value) {
  if (value === null || value === undefined) process.env[name] = '';
  else process.env[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isRunnable() {
  try {
    fs.accessSync(EXEC, fs.constants.X_OK);
    return fs.statSync(EXEC).isFile();
  } catch {
    return false;
  }
}

/** Puts the code in place; without code the image's own program is what runs. */
function place({ code, binary }) {
  if (typeof code !== 'string' || code === '') return;
  const data = Buffer.from(code, binary === true ? 'base64' : 'utf8');
  fs.rmSync(EXEC, { force: true });
  const isArchive =
    data.length > 4 && ((data[0] === 0x50 && data[1] === 0x4b) || (data[0] === 0x1f && data[1] === 0x8b));
  if (isArchive) require('../nodejs/archive.js').unpack(data, FOLDER);
  else fs.writeFileSync(EXEC, data);
  if (fs.existsSync(EXEC)) fs.chmodSync(EXEC, 0o755);
}

function init(message) {
  if (initialized) {
    const text = 'Cannot initialize the action more than once.';
    writeAll(2, `${text}\n`);
    return [403, errorBody(text)];
  }
  const value = message.value ?? {};
  for (const [name, setting] of Object.entries(value.env ?? {})) exportEnv(name, setting);
  try {
    place(value);
    if (!isRunnable()) throw new Error(`${EXEC} is not there, or cannot be executed.`);
    initialized = true;
    return [200, '{"ok":true}'];
  } catch (error) {
    writeAll(2, `${error.message}\n`);
    endActivation();
    return [502, errorBody(NOT_FOUND_OR_BAD)];
  }
}

/** Passes a stream on as it comes. `held` keeps the last line back, which may turn out to be the result. */
class Relay {
  #fd;
  #parts = [];
  #open = false;

  constructor(stream, fd, held) {
    this.#fd = fd;
    stream.on('data', chunk => (held ? this.#hold(chunk) : this.#pass(chunk)));
  }

  #pass(chunk) {
    if (chunk.length === 0) return;
    writeAll(this.#fd, chunk);
    this.#open = chunk[chunk.length - 1] !== 10;
  }

  #hold(chunk) {
    // The end of a line may be the end of the last line: it stays with that line until more comes.
    const before = Buffer.concat([...this.#parts, chunk]);
    const cut = before.lastIndexOf(10, before.length - 2);
    if (cut >= 0) this.#pass(before.subarray(0, cut + 1));
    this.#parts = [before.subarray(cut + 1)];
  }

  /** The line that was held back. */
  last() {
    return Buffer.concat(this.#parts).utf8Slice().trim();
  }

  endLine() {
    if (this.#open) writeAll(this.#fd, '\n');
  }
}

function execute(argument) {
  return new Promise(resolve => {
    const fits = Buffer.byteLength(argument) <= MAX_WORD;
    child = spawn(EXEC, fits ? [argument] : [], { cwd: FOLDER, stdio: ['pipe', 'pipe', 'pipe'] });
    const out = new Relay(child.stdout, 1, true);
    const err = new Relay(child.stderr, 2, false);
    child.on('error', error => writeAll(2, `${error.message}\n`));
    child.on('close', () => {
      child = undefined;
      err.endLine();
      resolve(out.last());
    });
    child.stdin.on('error', () => {});
    child.stdin.end(`${argument}\n`);
  });
}

async function run(message) {
  const argument = message.value ?? {};
  if (typeof argument !== 'object') {
    endActivation();
    return [404, errorBody(NO_ARGUMENT)];
  }
  if (!isRunnable()) {
    endActivation();
    return [502, errorBody('The action failed to locate a binary. See logs for details.')];
  }
  for (const key of Object.keys(message)) if (key !== 'value') exportEnv(`__OW_${key.toUpperCase()}`, message[key]);
  const line = await execute(JSON.stringify(argument));
  let result;
  try {
    result = JSON.parse(line);
  } catch {
    // Told below.
  }
  const sound = result !== null && typeof result === 'object';
  if (!sound) writeAll(1, `${line}\n`);
  endActivation();
  return sound ? [200, line] : [502, errorBody(NO_RESULT)];
}

async function answer(method, pathname, body) {
  const endpoint = method !== 'POST' ? undefined : pathname === '/run' ? run : pathname === '/init' ? init : undefined;
  let message;
  try {
    message = endpoint && (body.length === 0 ? {} : JSON.parse(body.utf8Slice()));
  } catch {
    message = undefined;
  }
  if (message === undefined || message === null || typeof message !== 'object' || Array.isArray(message)) {
    return [500, errorBody('Bad request.')];
  }
  return endpoint(message);
}

serve(listen, MAX_BODY, (method, pathname, body, reply) => {
  turn = turn.then(async () => {
    const [status, text] = await answer(method, pathname, body);
    reply(status, text);
  });
});

process.on('exit', () => child?.kill('SIGKILL'));
process.once('SIGTERM', () => process.exit(143));
if (watchParent) {
  const parent = new (require('node:net').Socket)({ fd: 0, writable: false });
  const leave = () => process.exit(0);
  parent.on('end', leave).on('error', leave).on('close', leave).resume();
}
