'use strict';
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const running = new Set();
/** After the program's end: for what it wrote last, should something it started still hold its descriptors. In ms. */
const LAST_WORDS = 200;

/**
 * A pipe between this process and a child, both ends with descriptions of their own. Node would give the child a socket,
 * which a program cannot open by the name /dev/fd/3, as many ActionLoop programs do.
 */
function openPipe(file, toChild) {
  // Holding both ends for a moment lets the two others be opened without waiting for each other.
  const both = fs.openSync(file, 'r+');
  const child = fs.openSync(file, toChild ? 'r' : 'w');
  const own = fs.openSync(file, toChild ? 'w' : 'r');
  fs.closeSync(both);
  fs.unlinkSync(file);
  return { child, own };
}

/** A started program and its conversation. */
class Program {
  exited = false;
  #input;
  #waiting;
  #parts = [];

  /** Resolves when the program has acknowledged. Rejects with `startFailed` when it ended instead. */
  static async start([command, ...args], { cwd, env, folder }) {
    const names = [path.join(folder, 'in'), path.join(folder, 'out')];
    execFileSync('mkfifo', names, { stdio: 'ignore' });
    const input = openPipe(names[0], true);
    const output = openPipe(names[1], false);
    const child = spawn(command, args, { cwd, env, stdio: [input.child, 'inherit', 'inherit', output.child] });
    fs.closeSync(input.child);
    fs.closeSync(output.child);
    const program = new Program(child, input.own, output.own);
    const line = await program.#next();
    const [, status, text] = /^#(\d{3}) (.*)$/s.exec(line ?? '') ?? [];
    if (status === undefined && /"ok"\s*:\s*true/.test(line ?? '')) return program;
    child.kill('SIGKILL');
    const failure = new Error('The program ended before it was ready.');
    failure.startFailed = true;
    if (line === undefined) failure.userText = 'Command exited abruptly during initialization.';
    else failure.alreadyLogged = true;
    if (status !== undefined) failure.answer = JSON.parse(text).error;
    throw failure;
  }

  static killAll() {
    for (const child of running) child.kill('SIGKILL');
  }

  /** Lets a process end with the proxy. */
  static watch(child) {
    running.add(child);
    child.once('close', () => running.delete(child));
  }

  constructor(child, input, output) {
    Program.watch(child);
    this.#input = new net.Socket({ fd: input, readable: false, writable: true });
    this.#input.on('error', () => {});
    const answers = new net.Socket({ fd: output, readable: true, writable: false });
    answers.on('data', chunk => this.#take(chunk));
    answers.on('error', () => this.#end());
    answers.on('end', () => this.#end());
    child.on('error', () => this.#end());
    child.once('exit', () => setTimeout(() => this.#end(), LAST_WORDS).unref());
  }

  #take(chunk) {
    const end = chunk.indexOf(10);
    if (end < 0) {
      this.#parts.push(chunk);
      return;
    }
    const line = Buffer.concat([...this.#parts, chunk.subarray(0, end)]).utf8Slice();
    // What comes after an answer and before the next question belongs to nobody.
    this.#parts = [];
    this.#settle(line);
  }

  #end() {
    this.exited = true;
    this.#settle(undefined);
  }

  #settle(line) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(line);
  }

  #next() {
    return new Promise(resolve => {
      this.#waiting = resolve;
      if (this.exited) this.#settle(undefined);
    });
  }

  /** Sends one request; resolves to the answer's line, or to undefined when the program ended instead. */
  interact(body) {
    const answer = this.#next();
    this.#input.write(body.includes(10) ? Buffer.from(body.filter(byte => byte !== 10)) : body);
    this.#input.write('\n');
    return answer;
  }
}

module.exports = { Program };
