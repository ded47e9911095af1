import { describe, expect, it } from 'vitest';
import { executable, flush, rig } from '../support/pool.js';

describe('pool', () => {
  it('starts a container, initialises it, runs, and keeps it for the next job', async () => {
    const { submit, until, driver, pool } = rig({ create: 200, init: 5, run: 3 });
    const hello = executable('guest/hello');
    const first = submit(hello);
    let outcome = await Promise.race([first, until(() => false, 1000).catch(() => first)]);
    expect(outcome).toMatchObject({ kind: 'ran', origin: 'cold', initMs: 5, phase: 'run' });
    const second = submit(hello);
    outcome = await Promise.race([second, until(() => false, 1000).catch(() => second)]);
    expect(outcome).toMatchObject({ kind: 'ran', origin: 'warm' });
    expect(outcome).not.toHaveProperty('initMs');
    expect(driver.made).toHaveLength(1);
    expect(pool.stats().counters).toMatchObject({ cold: 1, warm: 1, taken: 2 });
    await pool.close();
    await flush();
    expect(driver.live.size).toBe(0);
  });
});
