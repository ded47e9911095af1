'use strict';
/**
 * What the user's code prints, and the sentinels behind it. A platform that allows it (`X-Miniwhisk-Sentinels: optional`)
 * is spared the sentinels of a run that printed nothing: on the way from here to the platform they cost more than the call.
 */
const fs = require('node:fs');

const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n';
/** Functions of node:fs that write to a descriptor, which comes first. */
const WRITERS = [
  'write',
  'writeSync',
  'writev',
  'writevSync',
  'writeFile',
  'writeFileSync',
  'appendFile',
  'appendFileSync',
];
/** Functions of node:child_process that start a program; all others go through `ChildProcess.prototype.spawn`. */
const STARTERS = ['spawnSync', 'execSync', 'execFileSync'];

/** Something was printed behind the last sentinels. */
let printed = false;
/** Other programs, or native code, may print past the functions that are watched here. */
let unknown = false;

/** Replaces `owner[name]` by a function that calls `before` with the same arguments first. */
function intercept(owner, name, before) {
  const original = owner[name];
  if (typeof original !== 'function') return;
  const replacement = function (...args) {
    before(...args);
    return Reflect.apply(original, this, args);
  };
  // Among them what util.promisify looks for.
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  owner[name] = replacement;
}

/** An output stream whose last character is known, so that the sentinel always gets a line of its own. */
function tailed(stream) {
  const write = stream.write;
  let last = '\n';
  stream.write = (chunk, ...rest) => {
    printed = true;
    if (chunk.length > 0) last = chunk;
    return write.call(stream, chunk, ...rest);
  };
  /** Writes the sentinel; calls `done` when everything written so far has left this process. */
  return done => {
    const ended = typeof last === 'string' ? last.endsWith('\n') : last[last.length - 1] === 10;
    last = '\n';
    write.call(stream, ended ? SENTINEL : `\n${SENTINEL}`);
    if (stream.writableLength === 0) done();
    else write.call(stream, '', done);
  };
}

let endStdout;
let endStderr;

/** Done at the first /init: opening the two streams takes longer than everything else before listening. */
function open() {
  if (endStdout !== undefined) return;
  endStdout = tailed(process.stdout);
  endStderr = tailed(process.stderr);
  const toDescriptor = descriptor => {
    if (descriptor === 1 || descriptor === 2) printed = true;
  };
  for (const name of WRITERS) intercept(fs, name, toDescriptor);
  // Node prints its own warnings so.
  intercept(process, '_rawDebug', () => {
    printed = true;
  });
  const past = () => {
    unknown = true;
  };
  intercept(process, 'dlopen', past);
  // A thread has a node:fs of its own.
  process.on('worker', past);
  // Loaded already: whoever listens has loaded it.
  const programs = require('node:child_process');
  for (const name of STARTERS) intercept(programs, name, past);
  intercept(programs.ChildProcess.prototype, 'spawn', past);
  require('node:module').syncBuiltinESMExports();
}

/** Whether it is certain that nothing was printed behind the last sentinels. */
function silent() {
  return !printed && !unknown;
}

/** Writes both sentinels; calls `done` when everything has left this process. */
function end(done) {
  printed = false;
  endStdout(() => endStderr(done));
}

module.exports = { open, silent, end };
