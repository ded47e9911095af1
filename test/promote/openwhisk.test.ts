import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { type Access, OpenWhisk } from '../../src/promote/openwhisk.js';

/** What opening says of a server that answers everything so; null: of one that is gone. */
const refusal = async (answer: readonly [number, string] | null, access: Partial<Access> = {}): Promise<string> => {
  const server = createServer((_, response) => response.writeHead(answer?.[0] ?? 500).end(answer?.[1]));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<unknown> => new Promise(resolve => server.close(resolve));
  if (answer === null) await close();
  const error = await OpenWhisk.open({ apihost: `http://127.0.0.1:${port}`, auth: 'a:b', ...access }).catch(e => e);
  if (answer !== null) await close();
  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).not.toContain('a:b');
  return error.message.replaceAll(String(port), 'PORT');
};

it('tells that nobody answers, and how to start a server', async () => {
  expect(await refusal(null)).toBe(
    "Nobody answers at http://127.0.0.1:PORT (connect ECONNREFUSED 127.0.0.1:PORT). Start a server with 'miniwhisk start --port PORT', or name another with --apihost.",
  );
  const far = { apihost: 'ow.invalid', flags: { apihost: '--to', auth: '--auth' } };
  expect(await refusal(null, far)).toMatch(
    /^Nobody answers at https:\/\/ow\.invalid \(.+\)\. Look whether it runs, or name another with --to\.$/,
  );
});

it.each([401, 403])('%i: tells that the key is not taken, in the words of the server', async status => {
  expect(await refusal([status, '{"error":"who are you?"}'])).toBe(
    'http://127.0.0.1:PORT does not take the key (who are you?). Give one of a namespace there with --auth.',
  );
  const flags = { apihost: '--apihost', auth: '--from-auth' };
  expect(await refusal([status, ''], { flags })).toMatch(/\(status \d+\)\. Give one .* with --from-auth\.$/);
});

it.each([
  [[404, '<html>'], 'http://127.0.0.1:PORT answers, but not as an OpenWhisk does: status 404.'],
  [[200, '<html>'], 'http://127.0.0.1:PORT answers, but not as an OpenWhisk does.'],
  [[200, '[]'], 'The key has no namespace at http://127.0.0.1:PORT.'],
] as const)('%j: tells what is wrong with the answer', async (answer, text) => {
  expect(await refusal(answer)).toBe(text);
});

it('refuses an address that is none', async () => {
  expect(await refusal(null, { apihost: 'http://' })).toBe(
    "Bad value for --apihost: expected an address, got 'http://'.",
  );
});
