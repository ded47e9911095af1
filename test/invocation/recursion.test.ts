import { describe, expect, it } from 'vitest';
import { composition, outcome, sequence } from '../../src/messages.js';
import { flush } from '../support/pool.js';
import { nest, ring, World } from './crash-world.js';

const tooLong = [sequence.tooLong, composition.tooLong];
const errorOf = (world: World, id: string): unknown => JSON.parse(world.disk.records.get(id)?.result ?? '{}').error;

/** A sequence and a conductor that name each other (OPENWHISK.md 3.7, 3.8): neither's own bound sees the other's runs. */
describe.each([3, 4, 5])('a ring of a sequence and a conductor, sequences of at most %i', length => {
  /** A sequence of conductors that all use what they may. */
  const most = length * (3 * length + 2);

  it('ends as what is too long, after as many steps as anything sensible takes', async () => {
    const world = new World(length);
    world.post(ring);
    await world.process.finish();
    const [id] = world.promised.keys();
    expect(tooLong).toContain(errorOf(world, id as string));
    expect(world.disk.records.size).toBe(1 + most);
    expect(world.disk.entries.size).toBe(0);
  });

  it('ends after a crash in its middle too', async () => {
    const world = new World(length);
    world.post(ring);
    for (let turn = 0; turn < 20; turn++) {
      await flush();
      world.process.startJob(0);
      world.process.endJob(0);
      world.process.endLogs();
      await flush();
      world.process.commit(1);
    }
    expect(world.disk.entries.size).toBeGreaterThan(length);
    world.crash();
    await world.process.finish();
    const [id] = world.promised.keys();
    expect([...tooLong, outcome.interrupted]).toContain(errorOf(world, id as string));
    expect(world.disk.records.size).toBeLessThanOrEqual(1 + most);
    expect(world.disk.entries.size).toBe(0);
  });
});

it('sequences nest to any depth in a blocking call too', async () => {
  const { process } = new World();
  const { action, call } = process.call(nest(4000));
  const { finished } = process.launch.start(action, call);
  await flush();
  process.startJob(0);
  process.endJob(0);
  expect((await finished).response.result?.value).toEqual({ n: 1 });
});

it('a start goes on with any number of steps in each other', async () => {
  const world = new World();
  const deep = 15_000;
  const idOf = (n: number): string => n.toString(16).padStart(32, '0');
  const called = { subject: 'guest', namespace: 'guest', uuid: 'u', path: 'guest/gone', transactionId: 'tid' };
  for (let n = deep; n >= 0; n--) {
    const entry = n === 0 ? { kind: 'call', payload: {}, ...called } : { kind: 'step', cause: idOf(n - 1), ...called };
    const { kind, payload, ...head } = entry as { kind: string; payload?: object };
    const text = JSON.stringify({ kind, ...head, ...(payload && { payload }) });
    world.disk.entries.set(idOf(n), { payload: text, accepted: n, started: false, shared: 0 });
  }
  world.crash();
  await flush();
  world.process.commit(Number.POSITIVE_INFINITY);
  expect(world.disk.records.size).toBe(1 + deep);
  expect(errorOf(world, idOf(0))).toBe(outcome.actionGone);
  expect(errorOf(world, idOf(deep))).toBe(outcome.interrupted);
  expect(world.disk.entries.size).toBe(0);
});
