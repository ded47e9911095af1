import { readFileSync } from 'node:fs';
import type { Language } from '../contract/runtime.js';
import { EXECUTABLE } from '../support/archives.js';

const kit = (name: string): string => readFileSync(new URL(`./kits/${name}`, import.meta.url), 'utf8');

const ONE_AT_A_TIME = 'the language takes one call at a time; OpenWhisk gives only nodejs several';
const NO_PROMISES = 'the language has no asynchronous results';
const NO_FILE_IN_MAIN = 'OpenWhisk takes a function name only, in a file of a fixed name';
const OWN_DESCRIPTORS = 'a compiled program writes straight to the streams: nobody can see how its last line ended';
const NO_RESULT = 'The action did not return a dictionary or array.';
const FAILED_BINARY = 'The action failed to generate or locate a binary. See logs for details.';

/** What every language of the shared ActionLoop proxy answers. */
const ACTION_LOOP = {
  initialized: 'Cannot initialize the action more than once.',
  runFirst: [500, 'no action defined yet'],
  notObject: [502, NO_RESULT],
  nothing: {},
  emptyObject: {},
  exit: [400, 'command exited'],
  exitAtLoad: 'answers',
  archiveRefusal: new RegExp(`${FAILED_BINARY}[\\s\\S]*There was an error uncompressing the action archive`),
} as const;
const COMPILED_CANNOT = {
  'concurrent-runs': ONE_AT_A_TIME,
  asynchronous: NO_PROMISES,
  'zip-dotted-main': NO_FILE_IN_MAIN,
};

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

const GO_FILE = 'package main\n\n';

const go: Language = {
  name: 'go',
  kind: 'go:1.24',
  cache: true,
  kit: kit('kit.go.txt'),
  main: 'main',
  niam: 'niam',
  missing: 'nosuchfunction',
  comment: '//',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: `${GO_FILE}func init() { panic("at load") }\nfunc Main(a map[string]interface{}) map[string]interface{} { return a }`,
    exitsAtLoad: `${GO_FILE}import "os"\nfunc init() { os.Exit(1) }\nfunc Main(a map[string]interface{}) map[string]interface{} { return a }`,
    unicode: `${GO_FILE}import "fmt"\nfunc Main(a map[string]interface{}) map[string]interface{} {\n  winter := fmt.Sprintf("%s ☃ %s", a["delimiter"], a["delimiter"])\n  fmt.Println(winter)\n  return map[string]interface{}{"winter": winter}\n}`,
    array: `${GO_FILE}func Main(a []interface{}) []interface{} {\n  b := []interface{}{}\n  for i := range a { b = append(b, a[len(a)-1-i]) }\n  return b\n}`,
  },
  archive: [{ name: 'action.go', data: kit('kit.go.txt') }],
  helper: {
    entries: [
      {
        name: 'action.go',
        data: `${GO_FILE}import "os"\nfunc Main(a map[string]interface{}) map[string]interface{} {\n  data, _ := os.ReadFile("data.txt")\n  return map[string]interface{}{"helper": help(), "data": string(data)}\n}`,
      },
      { name: 'helper.go', data: `${GO_FILE}func help() string { return "help" }` },
    ],
    main: 'main',
  },
  expected: {
    ...ACTION_LOOP,
    missingMain: /Nosuchfunction/,
    nullResult: [200, null],
    thrown: [200, /^boom ☃$/],
  },
  cannot: {
    ...COMPILED_CANNOT,
    'unended-line': OWN_DESCRIPTORS,
  },
};

const JAVA_HEAD = 'import com.google.gson.JsonObject;\npublic class Kit {\n';
const JAVA_ECHO = '  public static JsonObject main(JsonObject args) { return args; }\n}';

const java: Language = {
  name: 'java',
  kind: 'java:17',
  cache: true,
  kit: kit('Kit.java'),
  main: 'Kit',
  niam: 'Kit#niam',
  missing: 'Kit#nosuchfunction',
  comment: '//',
  large: 'archive',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    failsAtLoad: `${JAVA_HEAD}  static { if (true) throw new IllegalStateException("at load"); }\n${JAVA_ECHO}`,
    exitsAtLoad: `${JAVA_HEAD}  static { System.exit(1); }\n${JAVA_ECHO}`,
    unicode: `${JAVA_HEAD}  public static JsonObject main(JsonObject args) {\n    String winter = args.get("delimiter").getAsString() + " ☃ " + args.get("delimiter").getAsString();\n    System.out.println(winter);\n    JsonObject result = new JsonObject();\n    result.addProperty("winter", winter);\n    return result;\n  }\n}`,
  },
  archive: [{ name: 'Kit.java', data: kit('Kit.java') }],
  helper: {
    entries: [
      {
        name: 'Kit.java',
        data: `${JAVA_HEAD}  public static JsonObject main(JsonObject args) throws Exception {\n    JsonObject result = new JsonObject();\n    result.addProperty("helper", help.Helper.help());\n    result.addProperty("data", new String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("data.txt")), "UTF-8"));\n    return result;\n  }\n}`,
      },
      {
        name: 'help/Helper.java',
        data: 'package help;\npublic class Helper {\n  public static String help() { return "help"; }\n}',
      },
    ],
    main: 'Kit',
  },
  expected: {
    ...ACTION_LOOP,
    missingMain: /NoSuchMethodException: nosuchfunction/,
    nullResult: [
      502,
      {
        error: 'An error has occurred (see logs for details): java.lang.NullPointerException: The action returned null',
      },
    ],
    thrown: [
      502,
      /^An error has occurred while invoking the action \(see logs for details\): java\.lang\.IllegalStateException: boom ☃$/,
    ],
  },
  cannot: COMPILED_CANNOT,
};

const RUST_HEAD = 'extern crate serde_json;\nuse serde_json::{json, Error, Value};\n';
const NOTHING_AT_LOAD = 'nothing of a Rust action runs before its first call';

const rust: Language = {
  name: 'rust',
  kind: 'rust:1.85',
  cache: true,
  kit: kit('kit.rs'),
  main: 'main',
  niam: 'niam',
  missing: 'nosuchfunction',
  comment: '//',
  sources: {
    syntaxError: '10 PRINT "Hello world!"\n20 GOTO 10',
    unicode: `${RUST_HEAD}pub fn main(args: Value) -> Result<Value, Error> {\n  let delimiter = args["delimiter"].as_str().unwrap();\n  let winter = format!("{} ☃ {}", delimiter, delimiter);\n  println!("{}", winter);\n  Ok(json!({ "winter": winter }))\n}`,
  },
  archive: [{ name: 'src/lib.rs', data: kit('kit.rs') }],
  helper: {
    entries: [
      {
        name: 'src/lib.rs',
        data: `mod helper;\n${RUST_HEAD}pub fn main(_args: Value) -> Result<Value, Error> {\n  Ok(json!({ "helper": helper::help(), "data": std::fs::read_to_string("data.txt").unwrap() }))\n}`,
      },
      { name: 'src/helper.rs', data: 'pub fn help() -> &\'static str {\n  "help"\n}' },
    ],
    main: 'main',
  },
  expected: {
    ...ACTION_LOOP,
    missingMain: /nosuchfunction/,
    nullResult: [200, null],
    thrown: [200, /^boom ☃$/],
  },
  cannot: {
    ...COMPILED_CANNOT,
    'unended-line': OWN_DESCRIPTORS,
    'deep-json': 'its JSON crate, serde_json, reads 128 levels',
    'fails-at-load': NOTHING_AT_LOAD,
    'exit-in-init': NOTHING_AT_LOAD,
  },
};

const NOT_LOOKED_AT = 'a program is not looked at before it is run';
const NO_MAIN = 'a program has no other entry point than itself';

const dockerSkeleton: Language = {
  name: 'docker',
  kind: 'skeleton',
  noProcess: 'a Docker action is an image',
  kit: kit('kit.exec.py'),
  main: 'main',
  niam: 'main',
  comment: '#',
  sources: {
    syntaxError: '',
    unicode: '#!/bin/bash\nd=$(jq -r .delimiter <<< "$1")\necho "$d ☃ $d"\necho "{\\"winter\\":\\"$d ☃ $d\\"}"',
  },
  archive: [{ name: 'exec', data: kit('kit.exec.py'), mode: EXECUTABLE }],
  helper: {
    entries: [
      {
        name: 'exec',
        data: '#!/bin/bash\nsource ./helper.sh\necho "{\\"helper\\":\\"$(help)\\",\\"data\\":\\"$(cat data.txt)\\"}"',
      },
      { name: 'helper.sh', data: 'help() { echo help; }' },
    ],
    main: 'main',
  },
  expected: {
    initialized: 'Cannot initialize the action more than once.',
    runFirst: [200, 'This is a stub action. Replace it with custom logic.'],
    missingMain: /./,
    notObject: [502, NO_RESULT],
    nothing: {},
    nullResult: [502, { error: NO_RESULT }],
    emptyObject: {},
    thrown: [502, new RegExp(`^${NO_RESULT}$`)],
    exit: [502, NO_RESULT],
    exitAtLoad: 'answers',
    archiveRefusal: /There was an error uncompressing the action archive/,
  },
  cannot: {
    'no-code': 'the image has a program of its own',
    'entry-point': NO_MAIN,
    'no-entry-point': NO_MAIN,
    'zip-dotted-main': NO_MAIN,
    'syntax-error': NOT_LOOKED_AT,
    'fails-at-load': NOT_LOOKED_AT,
    'exit-in-init': NOT_LOOKED_AT,
    asynchronous: NO_PROMISES,
    'concurrent-runs': ONE_AT_A_TIME,
    state: 'every run is a new process',
    'unended-line': 'the last line is the result, so every line before it has ended',
  },
};

export const languages: readonly Language[] = [nodejs, python, php, ruby, go, java, rust, dockerSkeleton];
