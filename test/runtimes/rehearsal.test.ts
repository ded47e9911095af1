import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

const require = createRequire(import.meta.url);

/** What a stem cell of nodejs does while it waits. */
const wire = require('../../runtimes/nodejs/wire.js') as {
  rehearse(
    maxBody: number,
    handle: (method: string, path: string, body: Buffer, reply: (status: number, text: string) => void) => void,
  ): void;
};
const load = require('../../runtimes/nodejs/load.js') as {
  rehearse(): void;
  load(code: string, entry: string, binary: boolean): Promise<(args: object) => unknown>;
};

it('rehearses a request that no endpoint takes, and its reply', () => {
  const seen: unknown[] = [];
  wire.rehearse(1000, (method, path, body, reply) => {
    reply(500, '{"error":"é"}');
    seen.push([method, path, JSON.parse(body.toString())]);
  });
  expect(seen).toEqual([['POST', '/', {}]]);
});

it('rehearses loading, which leaves nothing behind', async () => {
  const before = Object.keys(globalThis);
  load.rehearse();
  const main = await load.load('const main = args => ({ args });', 'main', false);
  expect(main({ a: 1 })).toEqual({ args: { a: 1 } });
  expect(Object.keys(globalThis)).toEqual(before);
});
