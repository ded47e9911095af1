import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { eventually } from '../support/rest.js';
import { open, testDir } from './fixtures.js';

const program = fileURLToPath(new URL('./writer.mjs', import.meta.url));

/** A process with a store; killed, when nothing else ended it. */
const start = (dir: string, task: string) => {
  const child = fork(program, [dir, task], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'close');
  return {
    child,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};

interface Promised {
  readonly accepted: Set<string>;
  readonly started: Set<string>;
  readonly recorded: Set<string>;
  readonly done: Set<string>;
  rev: number;
}

const collect = (child: ChildProcess): Promised => {
  const promised: Promised = { accepted: new Set(), started: new Set(), recorded: new Set(), done: new Set(), rev: 0 };
  child.on('message', (message: { [kind: string]: unknown }) => {
    for (const id of (message['accepted'] as string[]) ?? []) promised.accepted.add(id);
    for (const id of (message['started'] as string[]) ?? []) promised.started.add(id);
    if (message['recorded']) promised.recorded.add(message['recorded'] as string);
    if (message['done']) promised.done.add(message['done'] as string);
    if (message['rev']) promised.rev = message['rev'] as number;
  });
  return promised;
};

it('a killed process leaves everything it promised', async () => {
  using dir = testDir();
  const all: Promised = { accepted: new Set(), started: new Set(), recorded: new Set(), done: new Set(), rev: 0 };
  for (const enough of [1, 40, 400]) {
    await using writer = start(dir.path, 'work');
    const promised = collect(writer.child);
    await eventually(() => promised.recorded.size >= enough || undefined);
    await expect(open(dir.path)).rejects.toThrow(UsageError);
    await writer.kill();
    for (const kind of ['accepted', 'started', 'recorded', 'done'] as const)
      for (const id of promised[kind]) all[kind].add(id);

    const store = await open(dir.path);
    const entries = new Map(store.journal.pending().map(({ id, state }) => [id, state]));
    for (const id of all.recorded) {
      expect(store.activations.get('guest', id)).toBeDefined();
      expect(entries.has(id)).toBe(false);
    }
    for (const id of all.done) expect(entries.has(id)).toBe(false);
    for (const id of all.accepted) {
      const ended = store.activations.get('guest', id) !== undefined;
      if (!entries.has(id)) expect(ended || !all.started.has(id)).toBe(true);
      else {
        expect(ended).toBe(false);
        expect(store.journal.payload(id)).toBe(JSON.stringify({ id }));
        if (all.started.has(id)) expect(entries.get(id)).toBe('started');
      }
    }
    expect(store.activations.count({ namespace: 'guest' })).toBe(
      store.activations.summaries({ namespace: 'guest' }, { skip: 0, limit: 1_000_000 }).length,
    );
    const stored = store.entities.get('guest/t');
    expect(stored?.rev).toBeGreaterThanOrEqual(promised.rev);
    // The next writer begins with the trigger anew.
    store.entities.write([{ path: 'guest/t', rev: stored?.rev, doc: undefined }]);
    await store.close();
  }
});

it.skipIf(process.platform !== 'linux')('nothing accepted is lost while no more can be written', async () => {
  using dir = testDir();
  await using writer = start(dir.path, 'obey');
  const ask = async (call: string, args: object = {}) => {
    writer.child.send({ call, args });
    const [message] = (await once(writer.child, 'message')) as [{ answer: unknown }];
    return message.answer;
  };
  await once(writer.child, 'message');
  await ask('put', { count: 100, size: 1000 });
  expect(await ask('flush')).toBe('flushed');

  // A limit on the size of files is as good as a full disk, and can be lifted. Not one page fits below this one.
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', `${writer.child.pid}`, `--fsize=${bytes}:`]);
  limit(`${statSync(`${dir.path}/miniwhisk.db-wal`).size + 1000}`);
  const ids = (await ask('put', { count: 2000, size: 1000 })) as string[];
  expect(await ask('flush')).toBe('StoreUnavailable');
  expect(await ask('accept')).toBe('StoreUnavailable');
  const { writable, waiting } = (await ask('health')) as { writable: boolean; waiting: number };
  expect({ writable, some: waiting > 0 }).toEqual({ writable: false, some: true });
  expect(await ask('count')).toBe(2100);

  limit('unlimited');
  await eventually(async () => ((await ask('health')) as { waiting: number }).waiting === 0 || undefined);
  expect(await ask('accept')).toBe('accepted');
  await writer.kill();
  const store = await open(dir.path);
  for (const id of ids) expect(store.activations.get('guest', id)).toBeDefined();
  expect(store.activations.count({ namespace: 'guest' })).toBe(2100);
  await store.close();
});
