import { readFileSync } from 'node:fs';
import type { Language } from '../contract/runtime.js';

const kit = (name: string): string => readFileSync(new URL(`./kits/${name}`, import.meta.url), 'utf8');

const ONE_AT_A_TIME = 'the language takes one call at a time; OpenWhisk gives only nodejs several';
const FAILED_BINARY = 'The action failed to generate or locate a binary. See logs for details.';

const nodejs: Language = {
  name: 'nodejs',
  kind: 'nodejs:20',
  kit: kit('kit.js'),
  main: 'main',
  niam: 'niam',
  comment: '//',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: 'throw new Error("at load")',
    exitsAtLoad: 'process.exit(1)',
    unicode:
      'function main(args) {\n  const winter = args.delimiter + " ☃ " + args.delimiter;\n  console.log(winter);\n  return { winter };\n}',
  },
  archive: [{ name: 'index.js', data: `${kit('kit.js')}\nexports.main = main;\n` }],
  dotted: {
    entries: [{ name: 'other.js', data: "exports.inner = { entry: () => ({ entry: 'file' }) };" }],
    main: 'other.inner.entry',
  },
  helper: {
    entries: [
      { name: 'package.json', data: '{"name":"test","main":"lib/start.js"}' },
      {
        name: 'lib/start.js',
        data: "const fs = require('fs');\nexports.main = () => ({ helper: require('./helper').text, data: fs.readFileSync('data.txt', 'utf8') });",
      },
      { name: 'lib/helper.js', data: "exports.text = 'help';" },
    ],
    main: 'main',
  },
  expected: {
    initialized: 'Cannot initialize the action more than once.',
    runFirst: [403, 'System not initialized.'],
    missingMain: /Action entrypoint 'nosuchfunction' is not a function/,
    notObject: [502, 'The action did not return a dictionary.'],
    nothing: {},
    thrown: [502, /^An error has occurred: Error: boom ☃$/],
    exit: 'broken',
    exitAtLoad: 'broken',
    archiveRefusal: /There was an error uncompressing the action archive/,
  },
  cannot: {},
};

const python: Language = {
  name: 'python',
  kind: 'python:3.11',
  kit: kit('kit.py'),
  main: 'main',
  niam: 'niam',
  comment: '#',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: 'raise Exception("at load")',
    exitsAtLoad: 'import sys\nsys.exit(1)',
    unicode:
      'def main(args):\n    winter = args["delimiter"] + " ☃ " + args["delimiter"]\n    print(winter)\n    return {"winter": winter}\n',
  },
  archive: [{ name: '__main__.py', data: kit('kit.py') }],
  dotted: {
    entries: [{ name: 'other.py', data: 'def entry(args):\n    return {"entry": "file"}\n' }],
    main: 'other.entry',
  },
  helper: {
    entries: [
      {
        name: '__main__.py',
        data: 'from helper import text\n\n\ndef main(args):\n    with open("data.txt", encoding="utf-8") as file:\n        return {"helper": text, "data": file.read()}\n',
      },
      { name: 'helper.py', data: 'text = "help"\n' },
    ],
    main: 'main',
  },
  expected: {
    initialized: 'Cannot initialize the action more than once.',
    runFirst: [500, 'no action defined yet'],
    missingMain: /Cannot start action\. Check logs for details\.[\s\S]*nosuchfunction/,
    notObject: [502, 'The action did not return a dictionary or array.'],
    nothing: {},
    thrown: [200, /^boom ☃$/],
    exit: [400, 'command exited'],
    exitAtLoad: 'answers',
    archiveRefusal: new RegExp(`${FAILED_BINARY}[\\s\\S]*There was an error uncompressing the action archive`),
  },
  cannot: { 'concurrent-runs': ONE_AT_A_TIME },
};

export const languages: readonly Language[] = [nodejs, python];
