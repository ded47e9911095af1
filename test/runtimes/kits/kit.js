// One action for most cases: what it does is told by its argument.
const atLoad = process.env.LOAD_VAR;
let count = 0;

const operations = {
  echo: args => ({ value: args.value }),
  log: args => {
    if (args.out !== undefined) console.log(args.out);
    if (args.err !== undefined) console.error(args.err);
    return {};
  },
  raw: args => {
    process.stdout.write(args.out);
    process.stderr.write(args.out);
    return {};
  },
  lines: args => {
    for (let i = 0; i < args.count; i++) console.log(`line ${i}`);
    return {};
  },
  env: args => ({ env: Object.fromEntries(args.names.map(name => [name, process.env[name] ?? null])), atLoad }),
  own: () => ({ names: Object.keys(process.env).filter(name => name.startsWith('MINIWHISK')) }),
  fail: args => {
    throw new Error(args.text);
  },
  apperror: args => ({ error: args.text }),
  number: () => 5,
  null: () => null,
  list: () => [1, 'two', { three: 3 }],
  nothing: () => undefined,
  big: args => ({ text: 'x'.repeat(args.size) }),
  count: () => ({ count: ++count }),
  later: () => new Promise(resolve => setImmediate(() => resolve({ later: true }))),
  exit: () => process.exit(3),
  loop: () => {
    for (;;);
  },
  meet: args => meeting(args.of),
};

/** Answers only when as many calls are here at once. */
let waiting = [];
function meeting(of) {
  return new Promise(resolve => {
    waiting.push(resolve);
    if (waiting.length === of) {
      for (const [i, answer] of waiting.entries()) answer({ place: i });
      waiting = [];
    }
  });
}

// biome-ignore lint/correctness/noUnusedVariables: the proxy calls it
function main(args) {
  return Array.isArray(args) ? [...args].reverse() : operations[args.op](args);
}

// biome-ignore lint/correctness/noUnusedVariables: the proxy calls it
function niam() {
  return { entry: 'niam' };
}
