import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import Koa from 'koa';
import { expect, it } from 'vitest';
import { pathOf, queryOf } from '../../src/api/context.js';

const of = (take: () => unknown): unknown => {
  try {
    return take();
  } catch (error) {
    return String(error);
  }
};

it('takes targets apart as koa does', () => {
  const app = new Koa();
  const rest = fc.string({ unit: fc.constantFrom('/', '?', '#', '&', '=', '%', '2', 'f', 'a', ';', ':', '@', '.') });
  const target = fc
    .tuple(fc.constantFrom('/', '/api/v1/', 'http://host', 'http://host/', '*', ''), rest)
    .map(parts => parts.join(''));
  fc.assert(
    fc.property(target, url => {
      const ctx = app.createContext({ url, headers: {} } as IncomingMessage, {} as ServerResponse);
      expect(of(() => [pathOf(ctx), queryOf(ctx)])).toEqual(of(() => [ctx.path, ctx.querystring]));
    }),
    { numRuns: 2000 },
  );
});
