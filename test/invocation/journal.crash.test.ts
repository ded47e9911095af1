import fc from 'fast-check';
import { expect, it } from 'vitest';
import { outcome } from '../../src/messages.js';
import { flush } from '../support/pool.js';
import { names, World } from './crash-world.js';

type Step = readonly [what: string, n: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('post', 'block') },
    { weight: 1, arbitrary: fc.constant('fire') },
    { weight: 14, arbitrary: fc.constantFrom('start', 'end', 'logs', 'commit') },
    { weight: 3, arbitrary: fc.constant('tick') },
    { weight: 1, arbitrary: fc.constant('crash') },
  ),
  fc.nat(30),
);

const take = (world: World, [what, n]: Step): void => {
  const { process } = world;
  const name = names[n % names.length] as string;
  if (what === 'post') world.post(name);
  else if (what === 'block') world.postBlocking(name);
  else if (what === 'fire') world.fire([name, ...names.slice(n % 3)]);
  else if (what === 'start') process.startJob(n);
  else if (what === 'end') process.endJob(n);
  else if (what === 'logs') process.endLogs();
  else if (what === 'commit') process.commit(n % 4);
  else if (what === 'tick') world.clock.advance(1 + n * 2);
  else world.crash();
};

/** What a call that nothing interrupted comes to. */
const SUM: Record<string, number> = { plain: 1, again: 1, chain: 3, nested: 5, composition: 4 };

it('every promise ends in one record and no code runs twice, wherever the server is killed', {
  timeout: 120_000,
}, async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 160 }), async steps => {
    const world = new World();
    for (const one of steps) {
      take(world, one);
      await flush();
    }
    world.crash();
    await world.process.finish();
    for (const [id, path] of world.promised) {
      const record = world.disk.records.get(id);
      expect(record?.activationId).toBe(id);
      const result = JSON.parse(record?.result ?? '{}');
      if (record?.statusCode === 0) expect(result.n).toBe(SUM[path.slice('guest/'.length)]);
      else expect([outcome.interrupted]).toContain(result.error);
    }
    expect([...world.disk.entries.keys()]).toEqual([]);
    for (const [id, times] of world.ran) {
      const record = world.disk.records.get(id);
      if (times > 1) expect(record?.name ?? 'again').toBe('again');
    }
    const checkSteps = (id: string): void => {
      const record = world.disk.records.get(id);
      expect(record?.activationId).toBe(id);
      record?.logs.forEach(checkSteps);
    };
    for (const id of world.promised.keys()) checkSteps(id);
  });
  await fc.assert(property, { numRuns: 500, seed: 42 });
});
