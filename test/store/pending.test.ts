import { expect, it } from 'vitest';
import { MOST_WAITING, PendingActivations } from '../../src/store/pending.js';
import { StoreUnavailable } from '../../src/store/store.js';
import { activation } from './fixtures.js';

const MB = 1024 * 1024;
const big = 'x'.repeat(MB);

it('has room until so many bytes wait, of results and of logs, and again when they are written', () => {
  const pending = new PendingActivations(() => false);
  const enough = MOST_WAITING / MB;
  for (let n = 0; n < enough; n++) {
    expect(() => pending.checkRoom()).not.toThrow();
    pending.add(activation(n, n % 2 === 0 ? { result: big } : { logs: [big] }));
  }
  expect(() => pending.checkRoom()).toThrow(StoreUnavailable);
  const [first, second] = [...pending.values()];
  for (const written of [first, second]) if (written) pending.delete(written);
  expect(() => pending.checkRoom()).not.toThrow();
  for (const written of [...pending.values()]) pending.delete(written);
  for (let n = 0; n < enough - 1; n++) pending.add(activation(n, { result: big }));
  expect(() => pending.checkRoom()).not.toThrow();
});
