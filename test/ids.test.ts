import { describe, expect, it } from 'vitest';
import { activationId, transactionId } from '../src/ids.js';

describe('ids', () => {
  it('activation ids are 32 lower-case hex characters, all different', () => {
    const ids = Array.from({ length: 20_000 }, activationId);
    expect(ids.filter(id => !/^[0-9a-f]{32}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('activation ids begin with the time, so they are stored side by side', () => {
    const before = Date.now();
    const time = Number.parseInt(activationId().slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('transaction ids are 32 letters and digits, all different', () => {
    const ids = Array.from({ length: 2_000 }, transactionId);
    expect(ids.filter(id => !/^[A-Za-z0-9]{32}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
