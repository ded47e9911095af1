import fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { EntityDoc, Parameter } from '../../src/entities/types.js';
import { createResolver } from '../../src/invocation/resolve.js';
import { silentLogger } from '../../src/log.js';
import { openStore } from '../../src/store/sqlite.js';

const key = fc.constantFrom('a', 'b', 'c', '__proto__');
const parameters = fc.uniqueArray(fc.record({ key, value: fc.nat(9) }), {
  selector: p => p.key,
  maxLength: 4,
}) as fc.Arbitrary<Parameter[]>;

const common = { version: '0.0.1', publish: false, annotations: [], updated: 1 };
const pkg = (name: string, own: Parameter[], binding?: { namespace: string; name: string }): EntityDoc => ({
  ...common,
  type: 'package',
  namespace: 'guest',
  name,
  parameters: own,
  ...(binding && { binding }),
});
const action = (namespace: string, own: Parameter[]): EntityDoc => ({
  ...common,
  type: 'action',
  namespace,
  name: 'a',
  parameters: own,
  limits: { timeout: 1, memory: 128, logs: 1, concurrency: 1 },
  exec: { kind: 'nodejs:20', binary: false },
});

it('merges provider, binding and action in this order, whatever changes in between', async () => {
  const store = await openStore({ clock: systemClock, log: silentLogger(), exclusive: true });
  const resolve = createResolver(store.entities);
  const write = (path: string, doc: EntityDoc): void => {
    store.entities.write([{ path, rev: store.entities.get(path)?.rev, doc }]);
  };
  const merged = (path: string): object => Object.fromEntries(resolve(path).parameters.map(p => [p.key, p.value]));
  const model = (...sets: Parameter[][]): object => Object.fromEntries(sets.flat().map(p => [p.key, p.value]));
  const step = fc.tuple(fc.constantFrom('provider', 'binding', 'inner', 'outer'), parameters);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), steps => {
      const state: Record<string, Parameter[]> = { provider: [], binding: [], inner: [], outer: [] };
      const put = (what: string, own: Parameter[]): void => {
        state[what] = own;
        if (what === 'provider') write('guest/provider', pkg('provider', own));
        else if (what === 'binding')
          write('guest/binding', pkg('binding', own, { namespace: 'guest', name: 'provider' }));
        else if (what === 'inner') write('guest/provider/a', action('guest/provider', own));
        else write('guest/a', action('guest', own));
      };
      for (const what of Object.keys(state)) put(what, []);
      for (const [what, own] of steps) {
        put(what, own);
        const { provider = [], binding = [], inner = [], outer = [] } = state;
        expect(merged('guest/a')).toEqual(model(outer));
        expect(merged('guest/provider/a')).toEqual(model(provider, inner));
        expect(merged('guest/binding/a')).toEqual(model(provider, binding, inner));
        expect(resolve('guest/binding/a')).toBe(resolve('guest/binding/a'));
        expect(resolve('guest/binding/a').binding).toBe('guest/binding');
      }
    }),
    { numRuns: 60 },
  );
  await store.close();
});
