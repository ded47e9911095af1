'use strict';
/**
 * The action proxy of the compiled languages. It builds the code it gets and speaks OpenWhisk's ActionLoop with the program:
 * one JSON line on its standard input per run, one JSON line on its descriptor 3 as answer, an acknowledgement first.
 * Called with the language's builder, a module with `build(job)`; see ../go/build.js.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { serve, errorBody } = require('../nodejs/wire.js');
const { unpack } = require('../nodejs/archive.js');
const { Program } = require('./program.js');
const { cached, settings } = require('./build.js');

const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n';
const MAX_BODY = 128 * 1024 * 1024;
const NOT_FOUND_OR_BAD = 'The action failed to generate or locate a binary. See logs for details.';
const CANNOT_START = 'Cannot start action. Check logs for details.';
const NO_RESULT = 'The action did not return a dictionary or array.';

const listen = process.env.MINIWHISK_PROXY_LISTEN;
const watchParent = process.env.MINIWHISK_PROXY_PARENT === 'stdin';
const options = settings(process.argv.slice(2), process.env, watchParent);
for (const name of Object.keys(process.env)) if (name.startsWith('MINIWHISK_')) delete process.env[name];

let program;
let folder;
/** Requests are handled one after the other. */
let turn = Promise.resolve();

function writeAll(fd, text) {
  const data = Buffer.from(text);
  for (let at = 0; at < data.length; ) {
    try {
      at += fs.writeSync(fd, data, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** The program's own lines come first: it has the same streams, and it has answered. */
function endActivation() {
  writeAll(1, SENTINEL);
  writeAll(2, SENTINEL);
}

function exportEnv(name, value) {
  if (value === null || value === undefined) process.env[name] = '';
  else process.env[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const isArchive = data =>
  data.length > 4 && ((data[0] === 0x50 && data[1] === 0x4b) || (data[0] === 0x1f && data[1] === 0x8b));

/** ELF, Mach-O, or a script that names its interpreter. */
function isProgram(file) {
  let head;
  try {
    const fd = fs.openSync(file, 'r');
    head = Buffer.alloc(4);
    fs.readSync(fd, head, 0, 4, 0);
    fs.closeSync(fd);
  } catch {
    return false;
  }
  const magic = head.readUInt32BE(0);
  return magic === 0x7f454c46 || magic === 0xcffaedfe || magic === 0xcafebabe || head.latin1Slice(0, 2) === '#!';
}

/** Lays the code out in `source`: an archive's files, or the code as the file `exec`. */
function layOut(data, source, builder) {
  fs.mkdirSync(source);
  const exec = path.join(source, 'exec');
  if (!isArchive(data)) fs.writeFileSync(exec, data);
  else if (builder.keepsArchive?.(data)) fs.writeFileSync(`${exec}.${builder.archiveName}`, data);
  else unpack(data, source);
  return exec;
}

async function start(data, entry) {
  const builder = require(options.builder);
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'action-')));
  const source = path.join(folder, 'source');
  const exec = layOut(data, source, builder);
  let command;
  if (isProgram(exec)) {
    fs.chmodSync(exec, 0o755);
    command = [exec];
  } else {
    command = await cached({ ...options, data, entry, source, folder }, builder);
  }
  const env = { ...process.env, __OW_WAIT_FOR_ACK: '1' };
  // A program that OpenWhisk's own image compiled insists on the image's name.
  const made = path.join(source, 'exec.env');
  if (fs.existsSync(made)) env.__OW_EXECUTION_ENV = fs.readFileSync(made, 'utf8').trim();
  return Program.start(command, { cwd: source, env, folder });
}

async function init(message) {
  if (program !== undefined) {
    const text = 'Cannot initialize the action more than once.';
    writeAll(2, `${text}\n`);
    return [403, errorBody(text)];
  }
  const { main, code, binary, env } = message.value ?? {};
  if (typeof code !== 'string' || code === '') return [403, errorBody('Missing main/no code to execute.')];
  if (env !== null && typeof env === 'object') for (const name of Object.keys(env)) exportEnv(name, env[name]);
  try {
    program = await start(
      Buffer.from(code, binary === true ? 'base64' : 'utf8'),
      typeof main === 'string' && main ? main : 'main',
    );
    return [200, '{"ok":true}'];
  } catch (error) {
    const known = error.userText ?? (error.name === 'ArchiveError' ? error.message : undefined);
    if (error.alreadyLogged !== true) writeAll(2, `${known ?? error.stack}\n`);
    endActivation();
    return [502, errorBody(error.startFailed ? (error.answer ?? CANNOT_START) : NOT_FOUND_OR_BAD)];
  }
}

async function run(_message, body) {
  if (program === undefined) return [500, errorBody('no action defined yet')];
  if (program.exited) return [500, errorBody('command exited')];
  const line = await program.interact(body);
  endActivation();
  if (line === undefined) return [400, errorBody('command exited')];
  // Our own launchers may say which status an error has.
  const [, status, text] = /^#(\d{3}) (.*)$/s.exec(line) ?? [undefined, '200', line];
  try {
    if (typeof JSON.parse(text) === 'object') return [Number(status), text];
  } catch {
    // Told below.
  }
  return [502, errorBody(NO_RESULT)];
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
  return endpoint(message, body.length === 0 ? Buffer.from('{}') : body);
}

serve(listen, MAX_BODY, (method, pathname, body, reply) => {
  turn = turn.then(async () => {
    const [status, text] = await answer(method, pathname, body);
    reply(status, text);
  });
});

process.on('exit', () => {
  Program.killAll();
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
});
process.once('SIGTERM', () => process.exit(143));
if (watchParent) {
  const parent = new (require('node:net').Socket)({ fd: 0, writable: false });
  const leave = () => process.exit(0);
  parent.on('end', leave).on('error', leave).on('close', leave).resume();
}
