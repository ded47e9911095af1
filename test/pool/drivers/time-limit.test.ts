import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withTimeLimit } from '../../../src/pool/drivers/time-limit.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

it('says who did not answer, and ends the call', async () => {
  const call = expect(withTimeLimit(5000, 'the engine', never)).rejects.toThrow('the engine did not answer within 5 s');
  await vi.advanceTimersByTimeAsync(5000);
  await call;
});

it('lets the call fail in its own words', async () => {
  await expect(withTimeLimit(5000, 'it', () => Promise.reject(new Error('no')))).rejects.toThrow(/^no$/);
});

it('leaves what was answered alone afterwards', async () => {
  const signal = await withTimeLimit(5000, 'it', async given => given);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(signal.aborted).toBe(false);
});
