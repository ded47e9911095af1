import { pino } from 'pino';
import { beforeEach, expect, it } from 'vitest';
import type { Activation, StatusCode } from '../../src/entities/types.js';
import { createReport } from '../../src/invocation/report.js';
import { logs } from '../../src/messages.js';
import { FakeClock } from '../support/fake-clock.js';

let said: { level: number; msg: string }[];
let clock: FakeClock;
const [DEBUG, INFO, WARN] = [20, 30, 40];

beforeEach(() => {
  said = [];
  clock = new FakeClock();
});

const reporter = (level: string, words = true) =>
  createReport(pino({ level }, { write: line => void said.push(JSON.parse(line)) }), clock, words);

const ended = (statusCode: StatusCode, result: unknown, more: Partial<Activation> = {}): Activation => ({
  activationId: '1f'.repeat(16),
  namespace: 'guest',
  name: 'hello',
  version: '0.0.1',
  subject: 'guest',
  start: 0,
  duration: 12,
  statusCode,
  result: JSON.stringify(result),
  logs: [],
  annotations: { list: [{ key: 'path', value: 'guest/pkg/hello' }], text: '' },
  ...more,
});

it('tells of errors as loud as they are', () => {
  const report = reporter('debug');
  report(ended(0, {}));
  report(ended(1, { error: { code: 7 } }));
  const platform = `t stderr: ${logs.developerError}`;
  report(ended(2, { error: 'no main\nin the code' }, { logs: ['t stdout: a', 't stderr: \u001b[31mb', platform] }));
  report(ended(3, 'lost'));
  const id = `(activation ${'1f'.repeat(16)})`;
  expect(said.map(({ level, msg }) => [level, msg])).toEqual([
    [DEBUG, `guest/pkg/hello: success after 12 ms ${id}`],
    [INFO, `guest/pkg/hello: application error after 12 ms ${id}: {"code":7}`],
    [WARN, `guest/pkg/hello: action developer error after 12 ms ${id}: no main\n    stdout: a\n    stderr: ?[31mb`],
    [WARN, `guest/pkg/hello: whisk internal error after 12 ms ${id}: lost`],
  ]);
});

it("keeps a function's own words to itself unless they are asked for", () => {
  reporter('warn', false)(ended(2, { error: 'secret' }, { logs: ['t stdout: secret'] }));
  expect(said[0]?.msg).toMatch(/^guest\/pkg\/hello: action developer error after 12 ms \(activation (1f){16}\)$/);
});

it('shows the beginning of a long error and the end of much output', () => {
  const lines = Array.from({ length: 25 }, (_, i) => `stdout: ${i}`);
  reporter('warn')(ended(2, { error: 'x'.repeat(2000) }, { logs: lines.map(line => `t ${line}`) }));
  const [first, ...rest] = (said[0]?.msg ?? '').split('\n    ');
  expect(first).toMatch(/: x{500}…$/);
  expect(rest).toEqual(['… 5 lines before', ...lines.slice(5)]);
});

it("leaves out a sequence's logs, which are ids", () => {
  const list = [{ key: 'kind', value: 'sequence' }];
  reporter('warn')(ended(2, { error: 'e' }, { logs: ['id'], annotations: { list, text: '' } }));
  expect(said[0]?.msg).toMatch(/: e$/);
});

it('only counts what fails beyond twenty a second', () => {
  const report = reporter('warn');
  for (let i = 0; i < 30; i++) report(ended(2, { error: `${i}` }));
  expect(said).toHaveLength(20);
  clock.advance(1000);
  expect(said.at(-1)?.msg).toBe('10 more activations failed in that second.');
  report(ended(2, { error: 'again' }));
  expect(said).toHaveLength(22);
  clock.advance(1000);
  expect(said).toHaveLength(22);
});
