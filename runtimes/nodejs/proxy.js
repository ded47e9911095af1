'use strict';
/**
 * The action proxy for Node.js: /init loads the user's code into this process, /run calls its entry point.
 * States, as OpenWhisk's proxy names them: ready → starting → ready → running → ready …; a failed /init or a failed /run
 * leads to `stopped`, from which nothing leads away.
 */
const output = require('./output.js');
const { serve, rehearse, errorBody } = require('./wire.js');

/** A stem cell waits longer for its action than this, in ms; whoever was started for a call does not. */
const STEM = 40;
/** Code of more characters than this is taken in with as few copies of it in memory as can be. */
const LARGE = 4 * 1024 * 1024;
/** 48 MB of code doubled by JSON escapes, and room for parameters. */
const MAX_BODY = 128 * 1024 * 1024;

const listen = process.env.MINIWHISK_PROXY_LISTEN;
const watchParent = process.env.MINIWHISK_PROXY_PARENT === 'stdin';
for (const name of Object.keys(process.env)) if (name.startsWith('MINIWHISK_')) delete process.env[name];
const concurrent = (process.env.__OW_ALLOW_CONCURRENT || '').toLowerCase() === 'true';

let state = 'ready';
let main;

/** Replies when the activation's output is complete: behind its sentinels, or at once when it is silent and needs none. */
function endActivation(reply, status, text) {
  if (reply.sentinelsOptional && output.silent()) return finish(reply, status, text, true);
  output.end(() => finish(reply, status, text, false));
}

function finish(reply, status, text, withoutSentinels) {
  if (state === 'running') state = 'ready';
  reply(status, text, withoutSentinels);
}

function exportEnv(name, value) {
  if (value === null || value === undefined) process.env[name] = '';
  else process.env[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function refuse(reply, text) {
  console.error('Internal system error:', text);
  reply(403, errorBody(text));
}

/** The request that brought large code, and its text, are given up before the code is copied again to be compiled. */
async function collect(length) {
  if (length <= LARGE || typeof globalThis.gc !== 'function') return;
  await new Promise(resolve => setImmediate(resolve));
  globalThis.gc();
}

function init(message, reply) {
  output.open();
  if (main !== undefined) return refuse(reply, 'Cannot initialize the action more than once.');
  if (state !== 'ready') return refuse(reply, `System not ready, status is ${state}.`);
  const { main: entry, code, binary, env } = message.value ?? {};
  if (typeof entry !== 'string' || typeof code !== 'string' || entry === '' || code === '') {
    return reply(403, errorBody('Missing main/no code to execute.'));
  }
  state = 'starting';
  if (env !== null && typeof env === 'object') for (const name of Object.keys(env)) exportEnv(name, env[name]);
  collect(code.length)
    .then(() => require('./load.js').load(code, entry, binary === true))
    .then(
      loaded => {
        main = loaded;
        state = 'ready';
        reply(200, '{"OK":true}');
      },
      error => {
        state = 'stopped';
        const reason = error?.stack ? String(error.stack) : error;
        console.error('Error during initialization:', reason);
        const text = errorBody(`Initialization has failed due to: ${reason}`);
        endActivation(reply, 502, text);
      },
    );
}

/** What was thrown, as text: a plain object has none of its own. */
function textOf(error) {
  if (typeof error !== 'object' || error === null) return String(error);
  const text = typeof error.toString === 'function' ? String(error) : '[object Object]';
  return text === '[object Object]' ? JSON.stringify(require('./load.js').plainError(error)) : text;
}

/** The user's code threw, or its result cannot be sent. */
function failRun(error, reply) {
  state = 'stopped';
  console.error(error);
  endActivation(reply, 502, errorBody(`An error has occurred: ${textOf(error)}`));
}

function finishRun(result, reply) {
  let text;
  try {
    text = result === undefined ? '{}' : typeof result === 'object' ? JSON.stringify(result) : undefined;
  } catch (error) {
    return failRun(error, reply);
  }
  if (text === undefined) {
    console.error(`Result must be of type object but has type "${typeof result}":`, result);
    return endActivation(reply, 502, errorBody('The action did not return a dictionary.'));
  }
  endActivation(reply, 200, text);
}

function run(message, reply) {
  output.open();
  if (main === undefined) return refuse(reply, 'System not initialized.');
  if (state !== 'ready') return refuse(reply, `System not ready, status is ${state}.`);
  const args = message.value ?? {};
  if (typeof args !== 'object') {
    return refuse(reply, `Internal system error: the argument must be a dictionary but has type '${typeof args}'.`);
  }
  for (const key of Object.keys(message)) if (key !== 'value') exportEnv(`__OW_${key.toUpperCase()}`, message[key]);
  if (!concurrent) state = 'running';
  let result;
  try {
    result = main(args);
    if (typeof result?.then !== 'function') return finishRun(result, reply);
  } catch (error) {
    return failRun(error, reply);
  }
  Promise.resolve(result).then(
    value => finishRun(value, reply),
    reason => finishRun({ error: reason ? require('./load.js').plainError(reason) : {} }, reply),
  );
}

function answer(method, path, body, reply) {
  const endpoint = method !== 'POST' ? undefined : path === '/run' ? run : path === '/init' ? init : undefined;
  let message;
  try {
    message = endpoint && (body.length === 0 ? {} : JSON.parse(body.utf8Slice()));
  } catch {
    message = undefined;
  }
  if (message === undefined || message === null || typeof message !== 'object') reply(500, errorBody('Bad request.'));
  else endpoint(message, reply);
}

/** Half of the first /init is the loading and compiling of what it runs: a stem cell has the time to do that before. */
function warmUp() {
  if (state !== 'ready' || main !== undefined) return;
  output.open();
  rehearse(MAX_BODY, answer);
  require('./load.js').rehearse();
}

serve(listen, MAX_BODY, answer).once('listening', () => setTimeout(warmUp, STEM).unref());

process.once('SIGTERM', () => process.exit(143));
if (watchParent) {
  const parent = new (require('node:net').Socket)({ fd: 0, writable: false });
  const leave = () => process.exit(0);
  parent.on('end', leave).on('error', leave).on('close', leave).resume();
}
