import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { type Entry, SYMLINK, tarGz, zip } from '../support/archives.js';
import { type ActionProxy, type Launch, leftIn, type Reply } from './runtime-proxy.js';

export type Mode = 'process' | 'docker';

/** What the suite has to know of a language. Everything that differs is data here; the cases are the same for all. */
export interface Language {
  readonly name: string;
  readonly kind: string;
  /** Source of the action that most cases call: see test/runtimes/kits. */
  readonly kit: string;
  /** /init's `main` for the kit, and for its second entry point, which answers `{entry: 'niam'}`. */
  readonly main: string;
  readonly niam: string;
  /** A `main` that the kit does not have; `nosuchfunction` when absent. */
  readonly missing?: string;
  /** Whether builds are kept between proxies: a compiled language. */
  readonly cache?: boolean;
  /** Why there is no process mode. */
  readonly noProcess?: string;
  /** Comment out the rest of a line. */
  readonly comment: string;
  /** The largest code as an archive: where a compiler would need more memory for it as text than an action has. */
  readonly large?: 'archive';
  readonly sources: {
    readonly syntaxError: string;
    readonly failsAtLoad?: string;
    readonly exitsAtLoad?: string;
    /** Prints and returns as `winter`: delimiter, a blank, ☃, a blank, delimiter. */
    readonly unicode: string;
    /** Takes an array and returns it reversed, where the kit cannot. */
    readonly array?: string;
  };
  /** Files of an archive that holds the kit, and one more file that says what `./data.txt` beside it holds. */
  readonly archive: readonly Entry[];
  /** An archive whose entry point is in a file of its own, with its `main`; it answers `{entry: 'file'}`. */
  readonly dotted?: { readonly entries: readonly Entry[]; readonly main: string };
  /** A file of an archive that loads another file beside it and reads data.txt; answers `{helper, data}`. */
  readonly helper?: { readonly entries: readonly Entry[]; readonly main: string };
  readonly expected: {
    readonly initialized: string;
    readonly runFirst: readonly [status: number, text: string];
    readonly missingMain: RegExp;
    readonly notObject: readonly [status: number, text: string];
    readonly nothing: unknown;
    /** The reply to a null result; an `error` in it is compared alone. */
    readonly nullResult: readonly [status: number, body: unknown];
    /** What an empty object inside the arguments comes back as. */
    readonly emptyObject: unknown;
    /** An exception with the text `boom`: the reply's status and its `error`. */
    readonly thrown: readonly [status: number, error: RegExp];
    /** The process ends during /run: an answer, or a broken connection. */
    readonly exit: readonly [status: number, text: string] | 'broken';
    readonly exitAtLoad: 'answers' | 'broken';
    readonly archiveRefusal: RegExp;
  };
  /** Cases this language cannot have, and why. */
  readonly cannot: Readonly<Partial<Record<string, string>>>;
}

export interface Context {
  readonly language: Language;
  readonly mode: Mode;
  /** Holds the initialized kit and is shared by cases that leave it as it was. */
  shared(): Promise<ActionProxy>;
  /** A proxy of the case's own, closed after it. */
  fresh(env?: Readonly<Record<string, string>>): Promise<ActionProxy>;
  /** The same, with the kit initialized. */
  freshKit(more?: Record<string, unknown>, env?: Readonly<Record<string, string>>): Promise<ActionProxy>;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  /** Only in this mode; the other mode's cell says why. */
  readonly only?: readonly [mode: Mode, reason: string];
  readonly check: (context: Context) => Promise<void>;
}

const errorText = (reply: Reply): string => String((reply.body as { error?: unknown } | undefined)?.error);

const ok = (reply: Reply, body?: unknown): void => {
  expect(reply.status, reply.text.slice(0, 2000)).toBe(200);
  if (body !== undefined) expect(reply.body).toEqual(body);
};

const measured = (reply: Reply): void => {
  expect(reply.headers['transfer-encoding']).toBeUndefined();
  expect(Number(reply.headers['content-length'])).toBe(Buffer.byteLength(reply.text));
  expect(reply.headers['content-type']).toMatch(/^application\/json/);
};

const refusesArchive = async (context: Context, entries: readonly Entry[], reason: RegExp): Promise<void> => {
  const proxy = await context.fresh();
  const reply = await proxy.init({ code: zip(entries), binary: true, main: context.language.main });
  expect(reply.status).toBe(502);
  const { stdout, stderr } = await proxy.printed(1);
  expect(errorText(reply) + stdout + stderr).toMatch(context.language.expected.archiveRefusal);
  expect(errorText(reply) + stdout + stderr).toMatch(reason);
};

const deep = (levels: number): unknown => {
  let value: unknown = 'core';
  for (let i = 0; i < levels; i += 1) value = i % 2 ? [value] : { in: value };
  return value;
};

export const cases: readonly Case[] = [
  {
    id: 'init',
    title: 'an init replies 200 and prints no sentinel',
    async check(context) {
      const proxy = await context.fresh();
      const { kit: code, main } = context.language;
      const reply = await proxy.init({ code, main });
      ok(reply);
      measured(reply);
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
      await proxy.printed(1);
      expect([proxy.sentinels('stdout'), proxy.sentinels('stderr')]).toEqual([1, 1]);
    },
  },
  {
    id: 'echo',
    title: 'JSON values arrive and return as they were',
    async check(context) {
      const proxy = await context.shared();
      const value = (empty: unknown) => ({
        text: 'a "b" \\ \n\t\u0001 /',
        int: 42,
        neg: -7,
        float: 1.5,
        yes: true,
        no: false,
        none: null,
        list: [1, [], empty],
        '': 0,
      });
      const reply = await proxy.run({ op: 'echo', value: value({}) });
      ok(reply, { value: value(context.language.expected.emptyObject) });
    },
  },
  {
    id: 'unicode',
    title: 'unicode in arguments and results',
    async check(context) {
      const value = { '☃': 'äöü ❄ 漢字 🎈 \u{1F468}\u200D\u{1F469}' };
      ok(await (await context.shared()).run({ op: 'echo', value }), { value });
    },
  },
  {
    id: 'unicode-source',
    title: 'unicode in the source and in the log',
    async check(context) {
      const proxy = await context.fresh();
      ok(await proxy.init({ code: context.language.sources.unicode, main: context.language.main }));
      ok(await proxy.run({ delimiter: '❄' }), { winter: '❄ ☃ ❄' });
      expect((await proxy.printed(1)).stdout).toBe('❄ ☃ ❄\n');
    },
  },
  {
    id: 'content-length',
    title: 'every reply has its Content-Length',
    async check(context) {
      const proxy = await context.fresh();
      const { kit: code, main } = context.language;
      for (const reply of [
        await proxy.run({}),
        await proxy.post('/nowhere', {}),
        await proxy.init({ code, main }),
        await proxy.init({ code, main }),
        await proxy.run({ op: 'echo', value: '☃' }),
        await proxy.run({ op: 'apperror', text: 'x' }),
      ]) {
        measured(reply);
      }
    },
  },
  {
    id: 'keep-alive',
    title: 'many runs share one connection',
    async check(context) {
      const proxy = await context.shared();
      ok(await proxy.run({ op: 'echo', value: 0 }));
      const before = proxy.connections;
      for (let i = 0; i < 20; i += 1) ok(await proxy.run({ op: 'echo', value: i }), { value: i });
      expect(proxy.connections).toBe(before);
    },
  },
  {
    id: 'payload-1mb',
    title: 'a payload of 1 MB both ways',
    async check(context) {
      const value = `${'a☃'.repeat(260_000)}.`;
      ok(await (await context.shared()).run({ op: 'echo', value }), { value });
    },
  },
  {
    id: 'result-5mb',
    title: 'a result larger than the platform takes is still sent whole',
    async check(context) {
      const reply = await (await context.shared()).run({ op: 'big', size: 5_000_000 });
      ok(reply);
      expect(reply.text.length).toBeGreaterThan(5_000_000);
      measured(reply);
    },
  },
  {
    id: 'deep-json',
    title: 'JSON nested 400 levels deep',
    async check(context) {
      const value = deep(400);
      ok(await (await context.shared()).run({ op: 'echo', value }), { value });
    },
  },
  {
    id: 'run-env',
    title: "a run's fields become __OW_ variables, anew at every run",
    async check(context) {
      const proxy = await context.shared();
      const names = ['__OW_NAMESPACE', '__OW_ACTION_NAME', '__OW_ACTIVATION_ID', '__OW_DEADLINE', '__OW_API_KEY'];
      for (const id of ['one', 'two']) {
        const more = {
          namespace: 'guest',
          action_name: '/guest/hello',
          activation_id: id,
          deadline: '1700000000000',
          api_key: 'k:s',
        };
        const reply = await proxy.run({ op: 'env', names }, more);
        ok(reply);
        expect((reply.body as { env: unknown }).env).toEqual({
          __OW_NAMESPACE: 'guest',
          __OW_ACTION_NAME: '/guest/hello',
          __OW_ACTIVATION_ID: id,
          __OW_DEADLINE: '1700000000000',
          __OW_API_KEY: 'k:s',
        });
      }
    },
  },
  {
    id: 'container-env',
    title: "the container's own variables are visible, the proxy's are not",
    async check(context) {
      const proxy = await context.freshKit({}, { __OW_API_HOST: 'http://api.example:3233' });
      const reply = await proxy.run({ op: 'env', names: ['__OW_API_HOST'] });
      expect(reply.body).toMatchObject({ env: { __OW_API_HOST: 'http://api.example:3233' } });
      ok(await proxy.run({ op: 'own' }), { names: [] });
    },
  },
  {
    id: 'init-env',
    title: "init's env is there while the code loads, and later",
    async check(context) {
      const env = { LOAD_VAR: 'grün', EMPTY: '', NUMBER: 5, OBJECT: { a: [1] } };
      const proxy = await context.freshKit({ env });
      const reply = await proxy.run({ op: 'env', names: ['LOAD_VAR', 'EMPTY', 'NUMBER', 'OBJECT'] });
      ok(reply, { env: { LOAD_VAR: 'grün', EMPTY: '', NUMBER: '5', OBJECT: '{"a":[1]}' }, atLoad: 'grün' });
    },
  },
  {
    id: 'entry-point',
    title: 'an entry point other than main',
    async check(context) {
      const proxy = await context.freshKit({ main: context.language.niam });
      ok(await proxy.run({}), { entry: 'niam' });
    },
  },
  {
    id: 'no-code',
    title: 'init without code is refused, and the proxy stays ready',
    async check(context) {
      const proxy = await context.fresh();
      for (const body of [{ value: {} }, {}, { value: { main: 'main', code: '' } }]) {
        const reply = await proxy.post('/init', body);
        expect(reply.status).toBe(403);
        expect(errorText(reply)).toBe('Missing main/no code to execute.');
      }
      ok(await proxy.init({ code: context.language.kit, main: context.language.main }));
    },
  },
  {
    id: 'no-entry-point',
    title: 'init of code without that entry point fails, with sentinels',
    async check(context) {
      const proxy = await context.fresh();
      const { kit: code, missing: main = 'nosuchfunction' } = context.language;
      const reply = await proxy.init({ code, main });
      expect(reply.status).toBe(502);
      const { stdout, stderr } = await proxy.printed(1);
      expect(errorText(reply) + stdout + stderr).toMatch(context.language.expected.missingMain);
    },
  },
  {
    id: 'syntax-error',
    title: 'a syntax error fails init, is in the log, and ends with sentinels',
    async check(context) {
      const proxy = await context.fresh();
      const reply = await proxy.init({ code: context.language.sources.syntaxError, main: context.language.main });
      expect(reply.status).toBe(502);
      measured(reply);
      const { stdout, stderr } = await proxy.printed(1);
      expect((stdout + stderr).toLowerCase()).toContain('error');
      expect((await proxy.run({})).status).not.toBe(200);
    },
  },
  {
    id: 'fails-at-load',
    title: 'code that throws while it loads fails init, with sentinels',
    async check(context) {
      const proxy = await context.fresh();
      const reply = await proxy.init({ code: context.language.sources.failsAtLoad, main: context.language.main });
      expect(reply.status).toBe(502);
      expect((await proxy.printed(1)).stderr).toContain('at load');
    },
  },
  {
    id: 'exception',
    title: 'an exception is reported, its trace is in the log before the sentinels',
    async check(context) {
      const proxy = await context.freshKit();
      const [status, error] = context.language.expected.thrown;
      const reply = await proxy.run({ op: 'fail', text: 'boom ☃' });
      expect(reply.status).toBe(status);
      expect(errorText(reply)).toMatch(error);
      expect((await proxy.printed(1)).stderr).toContain('boom ☃');
    },
  },
  {
    id: 'application-error',
    title: 'a result with an error is a success of the container',
    async check(context) {
      ok(await (await context.shared()).run({ op: 'apperror', text: 'sorry' }), { error: 'sorry' });
    },
  },
  {
    id: 'asynchronous',
    title: 'an asynchronous result is waited for',
    async check(context) {
      ok(await (await context.shared()).run({ op: 'later' }), { later: true });
    },
  },
  {
    id: 'null-result',
    title: 'null is passed on, refused or taken for nothing, as the language does',
    async check(context) {
      const proxy = await context.freshKit();
      const reply = await proxy.run({ op: 'null' });
      expect([reply.status, reply.body]).toEqual(context.language.expected.nullResult);
      await proxy.printed(1);
    },
  },
  {
    id: 'nothing-result',
    title: 'an action that returns nothing has the empty object as result',
    async check(context) {
      ok(await (await context.shared()).run({ op: 'nothing' }), context.language.expected.nothing);
    },
  },
  {
    id: 'number-result',
    title: 'a number as result is refused, with sentinels',
    async check(context) {
      const proxy = await context.freshKit();
      const reply = await proxy.run({ op: 'number' });
      expect([reply.status, errorText(reply)]).toEqual(context.language.expected.notObject);
      await proxy.printed(1);
    },
  },
  {
    id: 'array-result',
    title: 'an array as result',
    async check(context) {
      ok(await (await context.shared()).run({ op: 'list' }), [1, 'two', { three: 3 }]);
    },
  },
  {
    id: 'array-argument',
    title: 'an array as argument',
    async check(context) {
      const { array } = context.language.sources;
      const proxy = array === undefined ? await context.shared() : await context.fresh();
      if (array !== undefined) ok(await proxy.init({ code: array, main: context.language.main }));
      ok(await proxy.run([1, 'two', { three: 3 }]), [{ three: 3 }, 'two', 1]);
    },
  },
  {
    id: 'double-init',
    title: 'a second init is refused and harms nothing',
    async check(context) {
      const proxy = await context.freshKit();
      const { kit: code, main, expected } = context.language;
      const reply = await proxy.init({ code, main });
      expect([reply.status, errorText(reply)]).toEqual([403, expected.initialized]);
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
    },
  },
  {
    id: 'run-first',
    title: 'a run before init is refused, and init still works',
    async check(context) {
      const proxy = await context.fresh();
      const reply = await proxy.run({});
      expect([reply.status, errorText(reply)]).toEqual(context.language.expected.runFirst);
      ok(await proxy.init({ code: context.language.kit, main: context.language.main }));
    },
  },
  {
    id: 'bad-request',
    title: 'what is no JSON, no object or no known path is refused without harm',
    async check(context) {
      const proxy = await context.shared();
      for (const body of ['{"value":', '"text"', '[]x']) expect((await proxy.post('/run', body)).status).toBe(500);
      expect((await proxy.post('/other', {})).status).toBe(500);
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
    },
  },
  {
    id: 'chunked-request',
    title: 'a request body in chunks is understood',
    async check(context) {
      const proxy = await context.shared();
      const body = { value: { op: 'echo', value: 'x'.repeat(200_000) } };
      ok(await proxy.post('/run', body, { 'Transfer-Encoding': 'chunked' }), {
        value: body.value.value,
      });
    },
  },
  {
    id: 'state',
    title: 'state is kept from run to run',
    async check(context) {
      const proxy = await context.freshKit();
      for (let i = 1; i <= 3; i += 1) ok(await proxy.run({ op: 'count' }), { count: i });
    },
  },
  {
    id: 'logs',
    title: 'both streams, each run ended by a sentinel on both',
    async check(context) {
      const proxy = await context.freshKit();
      for (let i = 1; i <= 3; i += 1) ok(await proxy.run({ op: 'log', out: `out ${i}`, err: `err ${i}` }));
      const { stdout, stderr } = await proxy.printed(3);
      expect([stdout, stderr]).toEqual(['out 1\nout 2\nout 3\n', 'err 1\nerr 2\nerr 3\n']);
    },
  },
  {
    id: 'silent',
    title: 'an action that prints nothing leaves nothing but sentinels',
    async check(context) {
      const proxy = await context.freshKit();
      ok(await proxy.run({ op: 'nothing' }));
      expect(await proxy.printed(1)).toEqual({ stdout: '', stderr: '' });
    },
  },
  {
    id: 'sentinels-optional',
    title: 'sentinels are left out only when that is allowed, said, and nothing was printed',
    async check(context) {
      const proxy = await context.freshKit();
      let due = 0;
      for (const value of [{ op: 'log', out: 'a' }, { op: 'nothing' }, { op: 'nothing' }, { op: 'log', err: 'b' }]) {
        const reply = await proxy.runQuietly(value);
        ok(reply);
        const silent = reply.headers['x-miniwhisk-sentinels'];
        expect(value.op === 'log' ? [undefined] : [undefined, 'none']).toContain(silent);
        if (silent === undefined) due++;
      }
      ok(await proxy.run({ op: 'nothing' }));
      expect(await proxy.printed(due + 1)).toEqual({ stdout: 'a\n', stderr: 'b\n' });
      expect([proxy.sentinels('stdout'), proxy.sentinels('stderr')]).toEqual([due + 1, due + 1]);
    },
  },
  {
    id: 'took',
    title: 'says how long a run took, if at all, when it is asked',
    async check(context) {
      const proxy = await context.freshKit();
      const before = performance.now();
      const reply = await proxy.runWith({ 'X-Miniwhisk-Took': 'wanted' }, { op: 'nothing' });
      ok(reply);
      const took = reply.headers['x-miniwhisk-took'];
      if (took !== undefined) {
        expect(took).toMatch(/^\d+(\.\d+)?$/);
        expect(Number(took)).toBeLessThanOrEqual(performance.now() - before);
      }
      expect((await proxy.run({ op: 'nothing' })).headers['x-miniwhisk-took']).toBeUndefined();
    },
  },
  {
    id: 'unended-line',
    title: 'a line without an end does not swallow the sentinel',
    async check(context) {
      const proxy = await context.freshKit();
      ok(await proxy.run({ op: 'raw', out: 'no end' }));
      expect(await proxy.printed(1)).toEqual({ stdout: 'no end\n', stderr: 'no end\n' });
    },
  },
  {
    id: 'lines-50000',
    title: '50,000 lines are all there before the sentinel',
    async check(context) {
      const proxy = await context.freshKit();
      ok(await proxy.run({ op: 'lines', count: 50_000 }));
      const lines = (await proxy.printed(1)).stdout.split('\n');
      expect(lines.length).toBe(50_001);
      expect(lines[0]).toBe('line 0');
      expect(lines[49_999]).toBe('line 49999');
    },
  },
  {
    id: 'long-line',
    title: 'one line of 1 MB',
    async check(context) {
      const proxy = await context.freshKit();
      ok(await proxy.run({ op: 'log', out: 'y'.repeat(1_000_000) }));
      expect((await proxy.printed(1)).stdout).toBe(`${'y'.repeat(1_000_000)}\n`);
    },
  },
  {
    id: 'exit-in-run',
    title: 'the action ends its process during a run',
    async check(context) {
      const proxy = await context.freshKit();
      const { exit } = context.language.expected;
      const outcome = await proxy.run({ op: 'exit' }).catch(() => 'broken' as const);
      if (exit === 'broken') {
        expect(outcome).toBe('broken');
        await proxy.exited;
      } else {
        expect(outcome).not.toBe('broken');
        const reply = outcome as Reply;
        expect([reply.status, errorText(reply)]).toEqual(exit);
        await proxy.printed(1);
        if (exit[0] !== 400) return;
        expect(
          await proxy.run({ op: 'echo' }).then(
            next => next.status,
            () => 'broken',
          ),
        ).not.toBe(200);
      }
    },
  },
  {
    id: 'exit-in-init',
    title: 'the code ends its process while it loads',
    async check(context) {
      const proxy = await context.fresh();
      const { exitsAtLoad: code } = context.language.sources;
      const outcome = await proxy.init({ code, main: context.language.main }).catch(() => 'broken' as const);
      if (context.language.expected.exitAtLoad === 'broken') {
        expect(outcome).toBe('broken');
        await proxy.exited;
      } else {
        expect((outcome as Reply).status).toBe(502);
        await proxy.printed(1);
      }
    },
  },
  {
    id: 'endless-loop',
    title: 'an endless loop never answers and can be killed',
    async check(context) {
      const proxy = await context.freshKit();
      ok(await proxy.run({ op: 'log', out: 'before' }));
      await proxy.printed(1);
      const outcome = proxy.run({ op: 'loop' }).then(
        () => 'answered',
        () => 'broken',
      );
      await proxy.close();
      expect(await outcome).toBe('broken');
    },
  },
  {
    id: 'parent-ends',
    title: "the proxy ends with its parent's pipe and removes what it unpacked",
    only: ['process', 'a container has no parent on this machine'],
    async check(context) {
      const proxy = await context.fresh();
      const { archive, main } = context.language;
      ok(await proxy.init({ code: zip(archive), binary: true, main }));
      ok(await proxy.run({ op: 'echo', value: 1 }));
      proxy.child.stdin!.end();
      await proxy.exited;
      expect(await leftIn(proxy.folder!)).toEqual([]);
    },
  },
  {
    id: 'overlapping-runs',
    title: 'two runs at once never mix, whether refused or one after the other',
    async check(context) {
      const proxy = await context.freshKit();
      const replies = await Promise.all([1, 2].map(value => proxy.run({ op: 'echo', value })));
      replies.forEach((reply, i) => {
        if (reply.status === 200) expect(reply.body).toEqual({ value: i + 1 });
        else expect(reply.status).toBe(403);
      });
      expect(replies.some(reply => reply.status === 200)).toBe(true);
    },
  },
  {
    id: 'concurrent-runs',
    title: 'with __OW_ALLOW_CONCURRENT many runs share the process',
    async check(context) {
      const proxy = await context.freshKit({}, { __OW_ALLOW_CONCURRENT: 'true' });
      const replies = await Promise.all(Array.from({ length: 10 }, () => proxy.run({ op: 'meet', of: 10 })));
      const places = replies.map(reply => (reply.body as { place: number }).place);
      expect(places.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await proxy.printed(10);
    },
  },
  {
    id: 'zip',
    title: 'a zip archive',
    async check(context) {
      const proxy = await context.fresh();
      const { archive, main } = context.language;
      ok(await proxy.init({ code: zip(archive), binary: true, main }));
      ok(await proxy.run({ op: 'echo', value: '☃' }), { value: '☃' });
    },
  },
  {
    id: 'zip-helper',
    title: 'files of an archive find each other, and its folder is the current one',
    async check(context) {
      const proxy = await context.fresh();
      const { entries, main } = context.language.helper!;
      ok(await proxy.init({ code: zip([...entries, { name: 'data.txt', data: 'data ☃' }]), binary: true, main }));
      ok(await proxy.run({}), { helper: 'help', data: 'data ☃' });
    },
  },
  {
    id: 'zip-dotted-main',
    title: 'main that names a file of the archive',
    async check(context) {
      const proxy = await context.fresh();
      const { entries, main } = context.language.dotted!;
      ok(await proxy.init({ code: zip(entries), binary: true, main }));
      ok(await proxy.run({}), { entry: 'file' });
    },
  },
  {
    id: 'tar-gz',
    title: 'a tar.gz archive',
    async check(context) {
      const proxy = await context.fresh();
      const { archive, main } = context.language;
      ok(await proxy.init({ code: tarGz(archive), binary: true, main }));
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
    },
  },
  {
    id: 'zip-10mb',
    title: 'an archive of 10 MB',
    async check(context) {
      const proxy = await context.fresh();
      const { archive, main } = context.language;
      const code = zip([...archive, { name: 'ballast/random.bin', data: randomBytes(10_000_000) }]);
      ok(await proxy.init({ code, binary: true, main }));
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
    },
  },
  {
    id: 'zip-unsound',
    title: 'what is no archive is refused',
    async check(context) {
      const proxy = await context.fresh();
      const code = zip(context.language.archive).slice(0, -60);
      const reply = await proxy.init({
        code: Buffer.from(code, 'base64').toString('base64'),
        binary: true,
        main: context.language.main,
      });
      expect(reply.status).toBe(502);
      await proxy.printed(1);
    },
  },
  {
    id: 'zip-slip',
    title: 'paths that leave the folder are refused',
    async check(context) {
      for (const name of ['../escaped', 'a/../../escaped', '/tmp/escaped', '..\\escaped', 'C:\\escaped']) {
        await refusesArchive(context, [...context.language.archive, { name, data: 'x' }], /leaves the action's folder/);
      }
    },
  },
  {
    id: 'zip-bomb-declared',
    title: 'an archive that declares 600 MB is refused',
    async check(context) {
      const bomb = Array.from({ length: 6 }, (_, i) => ({ name: `zeros${i}`, data: 'x', declared: 100 * 1024 * 1024 }));
      await refusesArchive(
        context,
        [...bomb, ...context.language.archive],
        /unpacks to more than|not of the size|is damaged/,
      );
    },
  },
  {
    id: 'zip-bomb-lie',
    title: 'a file larger than it declares is refused',
    async check(context) {
      const bomb = { name: 'zeros', data: Buffer.alloc(50_000_000), declared: 10 };
      await refusesArchive(context, [bomb, ...context.language.archive], /larger than it declares|is damaged/);
    },
  },
  {
    id: 'zip-symlink',
    title: 'a symbolic link in an archive is refused',
    async check(context) {
      const link = { name: 'link', data: '/etc/passwd', mode: SYMLINK };
      await refusesArchive(context, [link, ...context.language.archive], /symbolic link/);
    },
  },
  {
    id: 'code-48mb',
    title: 'code of 48 MB',
    async check(context) {
      const { kit, main, comment, archive, large } = context.language;
      const proxy = await context.fresh();
      const size = 48 * 1024 * 1024;
      if (large === 'archive') {
        const ballast = { name: 'ballast.bin', data: randomBytes(size * 0.74) };
        ok(await proxy.init({ code: zip([...archive, ballast]), binary: true, main }));
      } else {
        const line = `${comment}${'z'.repeat(1000 - comment.length - 1)}\n`;
        const room = size - Buffer.byteLength(kit) - 1;
        ok(await proxy.init({ code: `${kit}\n${line.repeat(Math.floor(room / 1000))}`, main }));
      }
      ok(await proxy.run({ op: 'echo', value: 1 }), { value: 1 });
    },
  },
];

/** Makes contexts for the cases of one language in one mode. `close` ends the shared proxy. */
export const contexts = (language: Language, mode: Mode, launch: Launch) => {
  let shared: Promise<ActionProxy> | undefined;
  const startKit = async (
    more: Record<string, unknown>,
    env?: Readonly<Record<string, string>>,
  ): Promise<ActionProxy> => {
    const proxy = await launch(env);
    const reply = await proxy.init({ code: language.kit, main: language.main, ...more });
    if (reply.status !== 200) {
      await proxy.close();
      throw new Error(`the kit did not initialize: ${reply.text}`);
    }
    return proxy;
  };
  const closeShared = async (): Promise<void> => {
    const closing = shared;
    shared = undefined;
    await (await closing?.catch(() => undefined))?.close();
  };
  return {
    /** Runs a case, closes its own proxies; a failed case takes the shared one with it. */
    async run(one: Case): Promise<void> {
      const own: ActionProxy[] = [];
      const keep = (proxy: ActionProxy): ActionProxy => {
        own.push(proxy);
        return proxy;
      };
      try {
        await one.check({
          language,
          mode,
          shared: () => {
            shared ??= startKit({});
            return shared;
          },
          fresh: async env => keep(await launch(env)),
          freshKit: async (more = {}, env) => keep(await startKit(more, env)),
        });
      } catch (error) {
        await closeShared();
        throw error;
      } finally {
        await Promise.all(own.map(proxy => proxy.close()));
      }
    },
    close: closeShared,
  };
};
