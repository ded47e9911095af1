import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/store/store.js';
import { World } from './crash-world.js';

it('nothing begins while too much waits to be written, and all goes on after', async () => {
  const world = new World();
  const { process } = world;
  const { action, call } = process.call('guest/plain');
  process.full = true;
  expect(() => process.launch.start(action, call)).toThrow(StoreUnavailable);
  await expect(process.launch.accept([process.launch.invocationOf(action, call)])).rejects.toThrow(StoreUnavailable);
  expect(process.busy).toBe(false);
  process.full = false;
  const { finished } = process.launch.start(action, call);
  await process.finish();
  expect((await finished).response.result?.value).toEqual({ n: 1 });
});
