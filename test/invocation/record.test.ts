import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Identity } from '../../src/invocation/identity.js';
import { activationJson, compositeRecord, primitiveRecord, responseJson } from '../../src/invocation/record.js';
import type { ResolvedAction } from '../../src/invocation/resolve.js';
import { action } from '../store/fixtures.js';

const text = fc.string({ unit: 'binary' });
const resolved = fc
  .record({ path: text, binding: fc.option(text, { nil: undefined }), kind: text, memory: fc.nat(1024) })
  .map(({ path, binding, kind, memory }): ResolvedAction => {
    const limits = { timeout: 60_000, memory, logs: 10, concurrency: 1 };
    const doc = action('guest/pkg/a', 1, { exec: { kind, binary: false }, limits });
    return { doc, rev: 1, path, parameters: [], ...(binding !== undefined && { binding }) };
  });
const run = fc.record({
  id: fc.constant('0'.repeat(32)),
  action: resolved,
  invoker: fc.record({ namespace: text, subject: text }).map(names => names as Identity),
  cause: fc.option(fc.constant('1'.repeat(32)), { nil: undefined }),
  response: fc.constant({ statusCode: 0, result: { text: '{"a":1}', value: { a: 1 } }, size: 7 } as const),
  timing: fc.record({
    accepted: fc.nat(),
    start: fc.nat(),
    end: fc.nat(),
    duration: fc.nat(),
    initTime: fc.option(fc.nat(), { nil: undefined }),
  }),
});
const driver = fc.option(text, { nil: undefined });

it('prints the annotations that it lists, and the whole record as its members are', () => {
  const primitive = fc
    .tuple(run, fc.boolean(), driver)
    // Twice, for the second record of an action takes what the first one printed.
    .map(([one, timedOut, driver]) => [1, 2].map(() => primitiveRecord({ ...one, timedOut, driver }))[1]);
  const composite = fc
    .tuple(run, fc.boolean(), fc.option(fc.nat(1024), { nil: undefined }))
    .map(([one, conductor, maxMemory]) => compositeRecord({ ...one, conductor, maxMemory, components: ['2'] }));
  fc.assert(
    fc.property(fc.oneof(primitive, composite), record => {
      if (!record) throw new Error('no record');
      const { list, text } = record.annotations;
      expect(text).toBe(JSON.stringify(list));
      const { annotations: _a, result: _r, size: _s, statusCode: _c, ...members } = record;
      const response = JSON.parse(responseJson(record)) as object;
      const json = JSON.parse(activationJson(record)) as object;
      expect(json).toEqual(JSON.parse(JSON.stringify({ ...members, publish: false, annotations: list, response })));
    }),
  );
});
