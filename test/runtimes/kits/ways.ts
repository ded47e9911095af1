/** Ways to print `text`. Each is the body of an `async` function that has `fs`, and `tick` for a turn of the event loop. */
export const NODE_WAYS: Readonly<Record<string, string>> = {
  console: 'console.log("text")',
  'console.error': 'console.error("text")',
  'a stream': 'process.stdout.write("text\\n")',
  'a pipe into a stream':
    'require("stream").Readable.from(["text\\n"]).pipe(process.stdout, { end: false }); await tick()',
  'a descriptor': 'fs.writeSync(1, "text\\n")',
  'a descriptor, later': 'await new Promise(done => fs.write(2, "text\\n", done))',
  'a descriptor, as a promise': 'await require("util").promisify(fs.write)(1, Buffer.from("text\\n"))',
  'several pieces': 'fs.writevSync(1, [Buffer.from("te"), Buffer.from("xt\\n")])',
  'a file': 'fs.writeFileSync(1, "text\\n")',
  'a stream of its own':
    'await new Promise(done => fs.createWriteStream(null, { fd: 1, autoClose: false }).write("text\\n", done))',
  'an import': 'const { writeSync } = await import("node:fs"); writeSync(1, "text\\n")',
  'a warning': 'process.emitWarning("text"); await tick(); await tick()',
  'a child process': 'require("child_process").execSync("echo text", { stdio: "inherit" })',
  'a program of its own':
    'const { execFile } = await import("node:child_process"); await new Promise(done => execFile("echo", ["text"], (_, text) => done(process.stdout.write(text))))',
  'a thread':
    'await new Promise(done => new (require("worker_threads").Worker)("require(\'fs\').writeSync(1, \'text\\\\n\')", { eval: true }).on("exit", done))',
};

/** The same as the body of a function that has `os` and `sys`. */
export const PYTHON_WAYS: Readonly<Record<string, string>> = {
  print: 'print("text")',
  'a line without an end': 'sys.stdout.write("text")',
  stderr: 'sys.stderr.write("text\\n")',
  'the bytes of a stream': 'sys.stdout.buffer.write(b"text\\n")',
  'a descriptor': 'os.write(1, b"text\\n")',
  'several pieces': 'os.writev(2, [b"te", b"xt\\n"])',
  'a file of its own': 'with open(1, "w", closefd=False) as file: file.write("text\\n")',
  logging: 'import logging\nlogging.warning("text")',
  'a warning': 'import warnings\nwarnings.warn("text")',
  'a thread': 'import threading\nt = threading.Thread(target=lambda: print("text"))\nt.start()\nt.join()',
  'a child process': 'import subprocess\nsubprocess.run(["echo", "text"])',
  'a shell': 'os.system("echo text")',
  'a fork': 'pid = os.fork()\nif pid == 0:\n    os.write(1, b"text\\n")\n    os._exit(0)\nos.waitpid(pid, 0)',
  'another library': 'import ctypes\nctypes.CDLL(None).puts(b"text")\nctypes.CDLL(None).fflush(None)',
};
