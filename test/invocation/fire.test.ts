import { expect, it } from 'vitest';
import { flush } from '../support/pool.js';
import { World } from './crash-world.js';

it('the payload of a fire is in the journal once, however many rules it has', async () => {
  const world = new World();
  world.fire(Array.from({ length: 1000 }, () => 'guest/plain'));
  await flush();
  world.process.commit(0);
  await flush();
  expect(world.promised.size).toBe(1000);
  expect([...world.disk.shared.values()]).toEqual(['{"n":0}']);
  for (const { payload } of world.disk.entries.values()) expect(payload).not.toContain('"n":0');
  world.crash();
  await world.process.finish();
  for (const id of world.promised.keys()) expect(world.disk.records.get(id)?.result).toBe('{"n":1}');
});
