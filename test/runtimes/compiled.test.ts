import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { launchProcess } from '../contract/runtime-proxy.js';
import { EXECUTABLE, zip } from '../support/archives.js';

/** What compiled languages take besides source: the artefacts that users build themselves. */
const SLOW = 180_000;
const work = await mkdtemp(path.join(tmpdir(), 'compiled-'));
const cache = path.join(work, 'cache');
const gson = fileURLToPath(new URL('../../runtimes/java/lib/gson.jar', import.meta.url));
/** Runs a program of the compilers' own. */
const use = (program: string, args: readonly string[], env = process.env): void => {
  execFileSync(program, args, { env });
};
afterAll(() => rm(work, { recursive: true, force: true }));

describe('java', () => {
  it(
    'a jar with its classes, and Class#method',
    async () => {
      const source = path.join(work, 'Hello.java');
      await writeFile(
        source,
        `package com.example;
import com.google.gson.JsonObject;
public class Hello {
  public static JsonObject main(JsonObject args) { return say("main"); }
  public static JsonObject other(JsonObject args) { return say("other"); }
  private static JsonObject say(String text) {
    JsonObject result = new JsonObject();
    result.addProperty("said", text);
    return result;
  }
}`,
      );
      const classes = path.join(work, 'classes');
      use('javac', ['-cp', gson, '-d', classes, source]);
      use('jar', ['cf', path.join(work, 'hello.jar'), '-C', classes, '.']);
      const code = await readFile(path.join(work, 'hello.jar'), 'base64');
      for (const [main, said] of [
        ['com.example.Hello', 'main'],
        ['com.example.Hello#other', 'other'],
      ] as const) {
        const proxy = await launchProcess('java:17', cache)();
        try {
          expect(await proxy.init({ code, binary: true, main })).toMatchObject({ status: 200 });
          expect(await proxy.run({})).toMatchObject({ status: 200, body: { said } });
        } finally {
          await proxy.close();
        }
      }
    },
    SLOW,
  );

  it(
    'a jar without the class is refused by name',
    async () => {
      const proxy = await launchProcess('java:17', cache)();
      try {
        const code = zip([{ name: 'META-INF/MANIFEST.MF', data: 'Manifest-Version: 1.0\n' }]);
        const reply = await proxy.init({ code, binary: true, main: 'Missing' });
        expect(reply).toMatchObject({
          status: 502,
          body: { error: 'An error has occurred (see logs for details): java.lang.ClassNotFoundException: Missing' },
        });
      } finally {
        await proxy.close();
      }
    },
    SLOW,
  );
});

describe('programs that speak ActionLoop', () => {
  /** Opens its answers by name, as many do, and insists on the image it was compiled for. */
  const script = `#!/bin/bash
[ "$__OW_EXECUTION_ENV" = openwhisk/action-golang-v1.24 ] || { echo "Execution Environment Mismatch"; exit 1; }
echo '{"ok":true}' >/dev/fd/3
while read -r line; do echo "got" ; echo "{\\"line\\":$line}" >/dev/fd/3; done
`;

  it(
    'an archive with exec and exec.env, as OpenWhisk compiles them',
    async () => {
      const proxy = await launchProcess('go:1.24', cache)();
      try {
        const code = zip([
          { name: 'exec', data: script, mode: EXECUTABLE },
          { name: 'exec.env', data: 'openwhisk/action-golang-v1.24\n' },
        ]);
        expect(await proxy.init({ code, binary: true })).toMatchObject({ status: 200 });
        const reply = await proxy.run({ a: 1 }, { activation_id: 'x' });
        expect(reply).toMatchObject({ status: 200, body: { line: { value: { a: 1 }, activation_id: 'x' } } });
        expect(await proxy.printed(1)).toEqual({ stdout: 'got\n', stderr: '' });
      } finally {
        await proxy.close();
      }
    },
    SLOW,
  );

  it(
    'a Go program with a main of its own, compiled before',
    async () => {
      const source = path.join(work, 'loop.go');
      await writeFile(
        source,
        `package main
import ("bufio"; "fmt"; "os")
func main() {
  answers := os.NewFile(3, "answers")
  fmt.Fprintln(answers, "{ \\"ok\\": true}")
  lines := bufio.NewScanner(os.Stdin)
  for lines.Scan() { fmt.Fprintln(answers, "{\\"own\\":true}") }
}`,
      );
      const program = path.join(work, 'loop');
      const env = { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' };
      use('go', ['build', '-o', program, source], env);
      for (const value of [
        { code: await readFile(program, 'base64'), binary: true },
        { code: await readFile(source, 'utf8'), binary: false },
      ]) {
        const proxy = await launchProcess('go:1.24', cache)();
        try {
          expect(await proxy.init(value)).toMatchObject({ status: 200 });
          expect(await proxy.run({})).toMatchObject({ status: 200, body: { own: true } });
        } finally {
          await proxy.close();
        }
      }
    },
    SLOW,
  );
});

describe('the cache of builds', () => {
  it(
    'the same code is built once, other code again; nothing half-built stays',
    async () => {
      const own = path.join(work, 'own-cache');
      const code = (text: string): string =>
        `package main\n\nfunc Main(a map[string]interface{}) map[string]interface{} { return map[string]interface{}{"is": "${text}"} }`;
      const builds = async (): Promise<number> =>
        (await readdir(own)).filter(name => /^[0-9a-f]{64}$/.test(name)).length;
      for (const [text, count] of [
        ['a', 1],
        ['a', 1],
        ['b', 2],
      ] as const) {
        const proxy = await launchProcess('go:1.24', own)();
        try {
          expect(await proxy.init({ code: code(text) })).toMatchObject({ status: 200 });
          expect(await proxy.run({})).toMatchObject({ body: { is: text } });
          expect(await builds()).toBe(count);
        } finally {
          await proxy.close();
        }
      }
      const proxy = await launchProcess('go:1.24', own)();
      await proxy.init({ code: 'package main\nbroken' });
      await proxy.close();
      expect((await readdir(own)).filter(name => name.startsWith('building-'))).toEqual([]);
      expect(await builds()).toBe(2);
    },
    SLOW,
  );
});
