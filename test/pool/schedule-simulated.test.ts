import { describe, expect, it } from 'vitest';
import { Simulation } from '../support/simulation.js';

const NOOP = { cpu: 0.25, io: 0 };

describe('scaling by predicted wait, simulated', () => {
  it('answers short calls with no more containers than cores, and faster than a container for each client', async () => {
    const predictive = new Simulation();
    const rate = await predictive.throughput(predictive.action('ns/noop', NOOP), 16);
    const eager = new Simulation({ scale: 'eager' });
    const eagerRate = await eager.throughput(eager.action('ns/noop', NOOP), 16);
    expect(predictive.created).toBeLessThanOrEqual(2);
    expect(eager.created).toBe(16);
    expect(rate).toBeGreaterThan(eagerRate);
  });

  it.each([8, 32, 64])('is not misled by an engine that takes %i cores while it starts a container', async threads => {
    const sim = new Simulation({ cold: { cpu: 100, io: 120, threads } });
    await sim.throughput(sim.action('ns/noop', NOOP), 16, 20_000);
    expect(sim.created).toBeLessThanOrEqual(2);
  });

  it.each([0.5, 1, 2])('does not take its own work of %d ms a call for long calls', async server => {
    const sim = new Simulation({ server });
    await sim.throughput(sim.action('ns/noop', NOOP), 16, 20_000);
    expect(sim.created).toBeLessThanOrEqual(2);
  });

  it('scales out calls that wait although containers are started for others all the time', async () => {
    const sim = new Simulation();
    const others = Array.from({ length: 200 }, (_, i) => sim.action(`ns/once${i}`, NOOP));
    const starts = async (): Promise<void> => {
      for (const other of others) await sim.submit(other);
    };
    const sleep = sim.action('ns/sleep', { cpu: 0.1, io: 50 });
    void starts();
    expect(await sim.throughput(sleep, 32, 20_000, 10_000)).toBeGreaterThan(0.9 * (32_000 / 50));
  });

  it('is back at its speed after others have had the cores for a while', async () => {
    const sim = new Simulation();
    const action = sim.action('ns/noop', NOOP);
    const alone = await sim.throughput(action, 16, 3000, 1000);
    for (let i = 0; i < 8; i++) void sim.machine.compute(1000);
    await sim.throughput(action, 16, 5000, 1000);
    expect(await sim.throughput(action, 16, 3000, 1000)).toBeGreaterThan(0.9 * alone);
  });

  it('holds calls that have become short to the cores', async () => {
    const sim = new Simulation();
    const action = sim.action('ns/changing', { cpu: 0.25, io: 100 });
    await sim.throughput(action, 16, 5000, 1000);
    expect(sim.created).toBeGreaterThan(10);
    sim.action('ns/changing', NOOP);
    const other = new Simulation();
    const ideal = await other.throughput(other.action('ns/noop', NOOP), 16, 3000, 1000);
    expect(await sim.throughput(action, 16, 5000, 1000)).toBeGreaterThan(0.9 * ideal);
  });

  it.each([5, 20, 100, 1000])('scales out calls that wait for %i ms as far as there are callers', async io => {
    const sim = new Simulation();
    const rate = await sim.throughput(sim.action('ns/sleep', { cpu: 0.1, io }), 32, 20_000, 10_000);
    const ideal = Math.min(32_000 / io, 1000 / 0.2);
    expect(rate / ideal).toBeGreaterThan(io < 20 ? 0.85 : 0.95);
  });

  it('never has more containers than callers for calls that compute, and loses nothing by them', async () => {
    const sim = new Simulation({ switching: 0.002 });
    const rate = await sim.throughput(sim.action('ns/cpu', { cpu: 50, io: 0 }), 16, 20_000, 10_000);
    expect(rate).toBeGreaterThan(0.9 * 40);
    expect(sim.created).toBeLessThanOrEqual(16);
  });

  it('scales out at once when a new action turns out to block', async () => {
    const sim = new Simulation();
    const cold = 205;
    const makespan = await sim.makespan(sim.action('ns/block', { cpu: 0.1, io: 10_000 }), 20);
    // One cold start to find out, then those of 20 containers, 80 ms of a core each, on 2 cores.
    expect(makespan).toBeLessThan(10_000 + cold + 20 * 45 + cold + 100);
  });

  it('gives an action that calls itself the containers it needs', async () => {
    const sim = new Simulation();
    let depth = 0;
    const action = sim.action('ns/nested', {
      cpu: 0.1,
      io: 0,
      last: () => (++depth < 8 ? sim.submit(action) : Promise.resolve()),
    });
    expect(await sim.makespan(action, 1)).toBeLessThan(8 * 400);
  });

  it('serves a burst on a cold action close to the ideal schedule, within the memory there is', async () => {
    const sim = new Simulation({ memory: 2048 });
    const makespan = await sim.makespan(sim.action('ns/noop', NOOP), 200);
    const ideal = 205 + (200 * (0.25 + 0.2)) / 2;
    expect(makespan).toBeLessThan(1.3 * ideal);
    expect(sim.peak).toBeLessThanOrEqual(2048);
  });

  it('starts no container that would be there when a burst of short calls is over', async () => {
    const sim = new Simulation({ cold: { cpu: 25, io: 5 } });
    await sim.makespan(sim.action('ns/noop', NOOP), 200);
    expect(sim.created).toBe(1);
  });

  it('gives short calls that go on the cores there are', async () => {
    const sim = new Simulation();
    const rate = await sim.throughput(sim.action('ns/short', { cpu: 3, io: 0 }), 16, 20_000, 10_000);
    expect(rate / (2000 / 3.2)).toBeGreaterThan(0.9);
  });

  it('starts no second container for calls that overlap now and then', async () => {
    const sim = new Simulation();
    const action = sim.action('ns/quick', { cpu: 1, io: 15 });
    for (let i = 0; i < 20; i++)
      await sim.pass(5000, Promise.all([sim.submit(action), sim.submit(action)])).then(() => sim.pass(5000));
    expect(sim.created).toBe(1);
  });
});

describe('fairness when memory is short, simulated', () => {
  it('delays another action by no more than one slot’s time and its own cold start', async () => {
    const sim = new Simulation({ memory: 512 });
    const flood = sim.action('a/flood', { cpu: 0.1, io: 50 });
    void Promise.all(Array.from({ length: 1000 }, () => sim.submit(flood)));
    await sim.pass(3000);
    const start = sim.clock.now();
    await sim.pass(60_000, sim.submit(sim.action('b/single', { cpu: 0.1, io: 1 })));
    // 50 ms until a container of the flood is free, 20 ms to remove it, a cold start, the call.
    expect(sim.clock.now() - start).toBeLessThan(50 + 20 + 205 + 30);
    expect(sim.peak).toBeLessThanOrEqual(512);
  });

  it('lets a large action collect the memory of several small containers', async () => {
    const sim = new Simulation({ memory: 1024 });
    const small = Array.from({ length: 4 }, (_, i) => sim.action(`a/small${i}`, { cpu: 0.1, io: 20 }));
    for (const action of small) for (let i = 0; i < 500; i++) void sim.submit(action);
    await sim.pass(3000);
    const start = sim.clock.now();
    await sim.pass(60_000, sim.submit(sim.action('b/large', { cpu: 0.1, io: 1 }, { memory: 1024 })));
    expect(sim.clock.now() - start).toBeLessThan(2000);
  });

  it('shares memory evenly between two floods', async () => {
    const sim = new Simulation({ memory: 2048 });
    const ended = { a: 0, b: 0 };
    const submitAll = (name: 'a' | 'b', n: number): void => {
      const action = sim.action(`${name}/flood`, { cpu: 0.1, io: 100 });
      for (let i = 0; i < n; i++) void sim.submit(action).then(() => void ended[name]++);
    };
    submitAll('a', 2000);
    await sim.pass(5000);
    const before = ended.a;
    submitAll('b', 2000);
    await sim.pass(10_000);
    expect(ended.b / (ended.a - before)).toBeGreaterThan(0.7);
    expect(sim.peak).toBeLessThanOrEqual(2048);
  });

  it('does not spend the time on cold starts when two actions share one container’s memory', async () => {
    const sim = new Simulation({ memory: 256 });
    const ended = { a: 0, b: 0 };
    for (const name of ['a', 'b'] as const) {
      const action = sim.action(`${name}/flood`, { cpu: 0.1, io: 10 });
      for (let i = 0; i < 1000; i++) void sim.submit(action).then(() => void ended[name]++);
    }
    await sim.pass(10_000);
    // Half of the time at least goes into calls: 10 s hold 500 of them.
    expect(ended.a + ended.b).toBeGreaterThan(400);
    expect(Math.min(ended.a, ended.b)).toBeGreaterThan(150);
  });
});
