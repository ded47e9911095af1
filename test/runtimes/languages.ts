import { readFileSync } from 'node:fs';
import type { Language } from '../contract/runtime.js';

const kit = (name: string): string => readFileSync(new URL(`./kits/${name}`, import.meta.url), 'utf8');

const ONE_AT_A_TIME = 'the language takes one call at a time; OpenWhisk gives only nodejs several';
const NO_PROMISES = 'the language has no asynchronous results';
const NO_FILE_IN_MAIN = 'OpenWhisk takes a function name only, in a file of a fixed name';
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
    nullResult: [200, null],
    emptyObject: {},
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
    nullResult: [200, null],
    emptyObject: {},
    thrown: [200, /^boom ☃$/],
    exit: [400, 'command exited'],
    exitAtLoad: 'answers',
    archiveRefusal: new RegExp(`${FAILED_BINARY}[\\s\\S]*There was an error uncompressing the action archive`),
  },
  cannot: { 'concurrent-runs': ONE_AT_A_TIME },
};

const php: Language = {
  name: 'php',
  kind: 'php:8.2',
  kit: kit('kit.php'),
  main: 'main',
  niam: 'niam',
  comment: '//',
  sources: {
    syntaxError: '<?php\n10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: '<?php\nthrow new Exception("at load");',
    exitsAtLoad: '<?php\nexit(1);',
    unicode:
      '<?php\nfunction main(array $args): array {\n  $winter = $args["delimiter"] . " ☃ " . $args["delimiter"];\n  echo $winter, "\\n";\n  return ["winter" => $winter];\n}',
  },
  archive: [{ name: 'index.php', data: kit('kit.php') }],
  helper: {
    entries: [
      {
        name: 'index.php',
        data: '<?php\nrequire "helper.php";\nfunction main(array $args): array {\n  return ["helper" => help(), "data" => file_get_contents("data.txt")];\n}',
      },
      { name: 'helper.php', data: '<?php\nfunction help(): string {\n  return "help";\n}' },
    ],
    main: 'main',
  },
  expected: {
    initialized: 'Cannot initialize the action more than once.',
    runFirst: [500, 'no action defined yet'],
    missingMain: /Cannot start action\. Check logs for details\.[\s\S]*nosuchfunction/,
    notObject: [502, 'The action did not return a dictionary or array.'],
    nothing: {},
    nullResult: [200, {}],
    emptyObject: [],
    thrown: [502, /^The action did not return a dictionary or array\.$/],
    exit: [400, 'command exited'],
    exitAtLoad: 'answers',
    archiveRefusal: new RegExp(`${FAILED_BINARY}[\\s\\S]*There was an error uncompressing the action archive`),
  },
  cannot: {
    'concurrent-runs': ONE_AT_A_TIME,
    asynchronous: NO_PROMISES,
    'zip-dotted-main': NO_FILE_IN_MAIN,
  },
};

const ruby: Language = {
  name: 'ruby',
  kind: 'ruby:3.1',
  kit: kit('kit.rb'),
  main: 'main',
  niam: 'niam',
  comment: '#',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: 'raise "at load"',
    exitsAtLoad: 'exit 1',
    unicode:
      "def main(args)\n  winter = \"#{args['delimiter']} ☃ #{args['delimiter']}\"\n  puts winter\n  { winter: winter }\nend",
  },
  archive: [{ name: 'main.rb', data: kit('kit.rb') }],
  helper: {
    entries: [
      {
        name: 'main.rb',
        data: "require 'helper'\ndef main(_args)\n  { helper: help, data: File.read('data.txt') }\nend",
      },
      { name: 'helper.rb', data: "def help\n  'help'\nend" },
    ],
    main: 'main',
  },
  expected: {
    initialized: 'Cannot initialize the action more than once.',
    runFirst: [500, 'Invalid Action: no action file found'],
    missingMain: /method checking failed[\s\S]*nosuchfunction/,
    notObject: [502, 'The action did not return a dictionary or array.'],
    nothing: {},
    nullResult: [502, { error: 'The action did not return a dictionary or array.' }],
    emptyObject: {},
    thrown: [502, /^Invalid Action: the execution was not successful\. \/ boom ☃$/],
    exit: [502, 'Invalid Action: the execution was not successful. / exit'],
    exitAtLoad: 'answers',
    archiveRefusal: /There was an error uncompressing the action archive/,
  },
  cannot: {
    'concurrent-runs': ONE_AT_A_TIME,
    asynchronous: NO_PROMISES,
    'zip-dotted-main': NO_FILE_IN_MAIN,
  },
};

export const languages: readonly Language[] = [nodejs, python, php, ruby];
