import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { lockDirectory } from '../../src/store/lock.js';
import { FakeClock } from '../support/fake-clock.js';
import { action, activation, idOf, open, testDir } from './fixtures.js';

const guest = { namespace: 'guest' };

it('a server notices within 100 ms what a command wrote', async () => {
  using dir = testDir();
  const clock = new FakeClock();
  const server = await open(dir.path, { clock });
  const [rev] = server.entities.write([{ path: 'guest/a', rev: undefined, doc: action('guest/a', 1) }]);
  const annaa = { subject: 'annaa', namespaces: [{ name: 'annaa', uuid: 'u', key: 'k' }] };
  expect(server.subjects.get('annaa')).toBeUndefined();
  expect(server.entities.get('guest/a')?.doc.updated).toBe(1);
  expect(server.activations.count(guest)).toBe(0);
  server.activations.put(activation(1));
  await server.activations.flush();

  const command = await open(dir.path, { exclusive: false });
  command.subjects.put(annaa);
  command.subjects.putLimits('annaa', { firesPerMinute: 1 });
  command.entities.write([{ path: 'guest/a', rev, doc: action('guest/a', 2) }]);
  command.activations.put(activation(2));
  await command.close();

  clock.advance(100);
  expect(server.subjects.authenticate('u', 'k')?.subject).toBe('annaa');
  expect(server.subjects.limits('annaa')).toEqual({ firesPerMinute: 1 });
  expect(server.entities.get('guest/a')?.doc.updated).toBe(2);
  expect(server.activations.count(guest)).toBe(2);
  expect(server.activations.get('guest', idOf(2))).toEqual(activation(2));
  server.activations.put(activation(3));
  await server.activations.flush();
  expect(server.activations.list(guest, { skip: 0, limit: 9 })).toEqual([3, 2, 1].map(n => activation(n)));
  await server.close();
});

it('counts stay right when another process wrote between two batches unnoticed', async () => {
  using dir = testDir();
  const server = await open(dir.path);
  const command = await open(dir.path, { exclusive: false });
  for (let n = 0; n < 10; n++) {
    const writer = n % 2 ? server : command;
    writer.activations.put(activation(n));
    await writer.activations.flush();
  }
  await command.close();
  await server.close();
  const again = await open(dir.path);
  expect(again.activations.count(guest)).toBe(10);
  expect(again.activations.list(guest, { skip: 3, limit: 9 })).toHaveLength(7);
  await again.close();
});

it('a second server is refused, and let in when the first has gone', async () => {
  using dir = testDir();
  const first = await open(dir.path);
  await expect(open(dir.path)).rejects.toThrow(UsageError);
  await expect(open(dir.path)).rejects.toThrow(`The data directory ${dir.path} is in use by another miniwhisk server.`);
  await first.close();
  await first.close();
  const second = await open(dir.path);
  await second.close();
});

it('a command leaves the schema alone while a server holds the directory', async () => {
  using dir = testDir();
  const lock = lockDirectory(dir.path);
  await expect(open(dir.path, { exclusive: false })).rejects.toThrow(UsageError);
  lock.release();
  const command = await open(dir.path, { exclusive: false });
  await command.close();
});
