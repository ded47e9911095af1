import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outcome, ReplyReader } from '../../src/pool/http-reply.js';

const MAX = 64;
const IDLE = 4_000;

const read = (pieces: readonly (string | Buffer)[], maxBody = MAX): Outcome | undefined => {
  const reader = new ReplyReader(maxBody);
  // One buffer for all pieces, as the connections have: what the reader wants to keep it must copy.
  const buffer = Buffer.alloc(64 * 1024);
  for (const piece of pieces) {
    const length = buffer.write(piece.toString('latin1'), 'latin1');
    const outcome = reader.read(buffer.subarray(0, length));
    buffer.fill('?');
    if (outcome) return outcome;
  }
  return undefined;
};

const ok = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const bounds = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return bounds.slice(1).map((bound, at) => bytes.subarray(bounds[at], bound));
};

describe('ReplyReader', () => {
  it('reads the same reply however it is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3 * MAX }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 200, max: 599 }).filter(status => status !== 204 && status !== 304),
        fc.constantFrom('Content-Length', 'content-length', 'CONTENT-LENGTH'),
        fc.nat({ max: 2 }),
        (body, places, status, name, informational) => {
          const head =
            'HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n'.repeat(informational) +
            `HTTP/1.1 ${status} Whatever\r\nContent-Type: application/json\r\n${name}:  ${body.length} \r\n\r\n`;
          const outcome = read(cut(Buffer.concat([Buffer.from(head), body]), places));
          expect(outcome).toEqual({
            kind: 'reply',
            reply: { status, body: Buffer.from(body).subarray(0, MAX), length: body.length, silent: false, idle: IDLE },
            rest: 0,
          });
        },
      ),
    );
  });

  it('never throws, and never waits for ever behind a head, whatever comes', () => {
    const word = fc.constantFrom(
      'HTTP/1.1 200 OK',
      '\r\n',
      '\r\n\r\n',
      'Content-Length: 3',
      ': ',
      'abc',
      '\0',
      'é',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }), words => {
        const outcome = read([Buffer.from(words.join(''))]);
        expect([undefined, 'reply', 'noContentLength', 'malformed']).toContain(outcome?.kind);
      }),
    );
  });

  it('says how many bytes are not the reply’s', () => {
    expect(read([`${ok('Content-Length: 2')}{}more`])).toMatchObject({ kind: 'reply', rest: 4 });
    expect(read([ok('Content-Length: 2'), '{', '}more'])).toMatchObject({ kind: 'reply', rest: 4 });
  });

  it('takes no body with a status that has none', () => {
    for (const status of [204, 304]) {
      expect(read([`HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`])).toMatchObject({
        reply: { status, length: 0 },
      });
    }
  });

  it('refuses a reply without a length', () => {
    expect(read([ok()])).toEqual({ kind: 'noContentLength', status: 200 });
    expect(read([ok('Transfer-Encoding: chunked')])).toEqual({ kind: 'noContentLength', status: 200 });
  });

  it.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['two lengths', ok('Content-Length: 2', 'Content-Length: 2')],
    ['a length and an encoding', ok('Content-Length: 2', 'Transfer-Encoding: chunked')],
    ['a negative length', ok('Content-Length: -1')],
    ['a length that is no number', ok('Content-Length: 1e3')],
    ['a length past all numbers', ok(`Content-Length: ${'9'.repeat(30)}`)],
    ['a header without a colon', ok('Content-Length 2')],
    ['a folded header', ok('X-A: b', ' c: d')],
    ['a name with a space', ok('Content-Length : 2')],
    ['a head that does not end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}`],
    ['a long head', ok(`X: ${'x'.repeat(17_000)}`)],
  ])('refuses %s', (_what, text) => {
    expect(read([text])).toMatchObject({ kind: 'malformed', reason: expect.stringContaining('the reply') });
  });

  it('says how long the connection stays open', () => {
    const idle = (...lines: string[]) => read([ok('Content-Length: 0', ...lines)]);
    expect(idle()).toMatchObject({ reply: { idle: IDLE } });
    expect(idle('Connection: keep-alive', 'Keep-Alive: timeout=20, max=5')).toMatchObject({ reply: { idle: 19_000 } });
    expect(idle('Keep-Alive: timeout=0')).toMatchObject({ reply: { idle: 0 } });
    expect(idle('Connection: TE')).toMatchObject({ reply: { idle: IDLE } });
    expect(idle('Connection: Close')).toMatchObject({ reply: { idle: 0 } });
    expect(read(['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'])).toMatchObject({ reply: { idle: 0 } });
    const kept = 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n';
    expect(read([kept])).toMatchObject({ reply: { idle: IDLE } });
  });

  it('says whether the run was silent', () => {
    const silent = (...lines: string[]) => read([ok('Content-Length: 0', ...lines)]);
    expect(silent()).toMatchObject({ reply: { silent: false } });
    expect(silent('X-Miniwhisk-Sentinels: none')).toMatchObject({ reply: { silent: true } });
    expect(silent('x-miniwhisk-sentinels:none')).toMatchObject({ reply: { silent: true } });
    expect(silent('X-Miniwhisk-Sentinels: optional')).toMatchObject({ reply: { silent: false } });
  });

  it('says how long the run took, where the container does', () => {
    const took = (...lines: string[]) => read([ok('Content-Length: 0', ...lines)]);
    expect(took()).toMatchObject({ reply: { took: undefined } });
    expect(took('X-Miniwhisk-Took: 12.345')).toMatchObject({ reply: { took: 12.345 } });
    for (const wrong of ['', '-1', 'NaN', '1e9', 'Infinity', '1.', '9'.repeat(20)])
      expect(took(`X-Miniwhisk-Took: ${wrong}`)).toMatchObject({ reply: { took: undefined } });
  });

  it('knows whether a reply has begun', () => {
    const reader = new ReplyReader(MAX);
    reader.read(Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n'));
    expect(reader.started).toBe(false);
    reader.read(Buffer.from('Content-Length: 5\r\n\r\n'));
    expect(reader.started).toBe(true);
  });
});
