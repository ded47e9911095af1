import { describe, expect, it } from 'vitest';
import { interpret } from '../../src/invocation/response.js';
import { outcome as text } from '../../src/messages.js';

const LIMIT = 1024;
const bounds = { timeout: 500, limit: LIMIT, truncation: LIMIT };
const reply = (status: number, body: string) => ({
  kind: 'response' as const,
  status,
  body: Buffer.from(body),
  truncated: false,
  silent: false,
  length: Buffer.byteLength(body),
});
const answered = (phase: 'init' | 'run', status: number, body: string, truncation = LIMIT) =>
  interpret({ phase, result: reply(status, body), outOfMemory: false }, { ...bounds, truncation });
const run = (status: number, body: string) => answered('run', status, body);
const init = (status: number, body: string) => answered('init', status, body);

describe('an answer of /run', () => {
  it.each([
    [200, '{"a":1}', 0, { a: 1 }],
    [200, '[1,2]', 0, [1, 2]],
    [200, '{"error":"e","more":1}', 1, { error: 'e' }],
    [200, '{"error":null}', 1, { error: null }],
    [502, '{"error":{"x":1}}', 2, { error: { x: 1 } }],
    [200, '5', 2, { error: text.invalidResponse('5') }],
    [200, 'null', 2, { error: text.invalidResponse('null') }],
    [200, '', 2, { error: text.invalidResponse('') }],
    [200, 'plain', 2, { error: text.invalidResponse('plain') }],
    [201, '{"a":1}', 2, { error: text.invalidResponse('{"a":1}') }],
  ])('%i %j', (status, body, code, result) => {
    const response = run(status, body);
    expect(response.statusCode).toBe(code);
    expect(response.result?.value).toEqual(result);
    expect(JSON.parse(response.result?.text ?? '')).toEqual(result);
    expect(response.size).toBe(Buffer.byteLength(body));
  });

  it('over the limit is an application error with its beginning', () => {
    const body = JSON.stringify({ a: 'x'.repeat(2 * LIMIT) });
    const response = run(200, body);
    expect(response.statusCode).toBe(1);
    expect(response.result?.value).toEqual({ error: text.truncated(body.length, LIMIT, body.slice(0, LIMIT)) });
  });
});

it('shows no more of what is too long than the truncation size', () => {
  const body = JSON.stringify({ a: 'x'.repeat(2 * LIMIT) });
  const response = answered('run', 200, body, 10);
  expect(response.result?.value).toEqual({ error: text.truncated(body.length, LIMIT, body.slice(0, 10)) });
  expect(answered('run', 200, '{"a":1}', 1).statusCode).toBe(0);
});

describe('a failed /init', () => {
  it.each([
    [502, '{"error":"no"}', { error: 'no' }],
    [500, 'text', { error: text.initFailed('text') }],
    [500, '', { error: text.initFailed('') }],
  ])('%i %j', (status, body, result) => {
    expect(init(status, body)).toMatchObject({ statusCode: 2, result: { value: result } });
  });
});

describe('no answer', () => {
  const broken = { kind: 'connection' as const, beforeSent: false, reason: 'reset' };
  it.each([
    ['run', { kind: 'timeout' as const }, false, text.timeout(500, false)],
    ['init', { kind: 'timeout' as const }, false, text.timeout(500, true)],
    ['run', broken, false, text.runAbnormal],
    ['init', broken, false, text.initAbnormal],
    ['run', { kind: 'noContentLength' as const, status: 200 }, false, text.runAbnormal],
    ['run', broken, true, text.outOfMemory],
  ] as const)('%s %j, out of memory %j', (phase, result, outOfMemory, error) => {
    expect(interpret({ phase, result, outOfMemory }, bounds)).toMatchObject({
      statusCode: 2,
      result: { value: { error } },
    });
  });
});
