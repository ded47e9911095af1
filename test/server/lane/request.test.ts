import { describe, expect, it } from 'vitest';
import { takeRequest } from '../../../src/server/lane/request.js';

const PREFIX = '/api/v1/namespaces/';
const take = (text: string) => takeRequest(Buffer.from(text, 'latin1'), PREFIX);
const post = (headers: string, body = '') =>
  `POST ${PREFIX}_/actions/a?blocking=true HTTP/1.1\r\n${headers}\r\n\r\n${body}`;

describe('a request that came in one piece', () => {
  it('is taken with its body, and no more than its own bytes', () => {
    const text = post('Host: here:1\r\nContent-Type:  application/json \r\nX-Empty:\r\nContent-Length: 7', '{"a":1}');
    const taken = take(`${text}GET / HTTP/1.1`);
    expect(taken).toMatchObject({
      method: 'POST',
      url: `${PREFIX}_/actions/a?blocking=true`,
      headers: { host: 'here:1', 'content-type': 'application/json', 'x-empty': '', 'content-length': '7' },
      length: text.length,
    });
    expect(taken).toHaveProperty('body', Buffer.from('{"a":1}'));
  });

  it('is waited for when it lacks the end of a small body', () => {
    expect(take(post('Host: h\r\nContent-Length: 2', '{'))).toBe('cut');
    expect(take(post('Host: h\r\nContent-Length: 60000'))).toBe('cut');
    expect(take(post('Host: h\r\nContent-Length: 70000'))).toBeUndefined();
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE'])('is taken when its method is %s, and without a body', method => {
    expect(take(`${method} ${PREFIX}_/actions HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n`)).toMatchObject({
      method,
      url: `${PREFIX}_/actions`,
      body: Buffer.alloc(0),
    });
  });

  it.each([
    ['nothing', ''],
    ['half a head', post('Host: h').slice(0, -1)],
    ['another path', 'GET /ping HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a whole address', `GET http://h${PREFIX}_/actions HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['another method', `HEAD ${PREFIX}_/actions HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['a method in small letters', `get ${PREFIX}_/actions HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['HTTP/1.0', `GET ${PREFIX}_/actions HTTP/1.0\r\nHost: h\r\n\r\n`],
    ['a space in the path', `GET ${PREFIX}_/a b HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['a letter outside ASCII', `GET ${PREFIX}_/\u00e9 HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['an empty line first', `\r\nGET ${PREFIX}_/actions HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['no host', post('Content-Length: 0')],
    ['two hosts', post('Host: h\r\nhost: i')],
    ['too many headers', post(`Host: h\r\n${Array.from({ length: 1000 }, (_, i) => `X-${i}: 1`).join('\r\n')}`)],
    ['any header twice', post('Host: h\r\nX-A: 1\r\nx-a: 1')],
    ['two lengths', post('Host: h\r\nContent-Length: 0\r\nContent-Length: 0')],
    ['a length that is none', post('Host: h\r\nContent-Length: +1', '1')],
    ['an empty length', post('Host: h\r\nContent-Length:')],
    ['chunks', post('Host: h\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['a length and chunks', post('Host: h\r\nContent-Length: 0\r\nTransfer-Encoding: chunked')],
    ['the wish to be told to go on', post('Host: h\r\nExpect: 100-continue\r\nContent-Length: 0')],
    ['the end of the connection', post('Host: h\r\nConnection: close')],
    ['another protocol', post('Host: h\r\nConnection: Upgrade\r\nUpgrade: h2c')],
    ['a header over two lines', post('Host: h\r\nX-A: 1\r\n 2')],
    ['a line without a colon', post('Host: h\r\nX-A')],
    ['a header without a name', post('Host: h\r\n: 1')],
    ['a space before the colon', post('Host: h\r\nContent-Length : 0')],
    ['a line that ends with \\n only', post('Host: h\nContent-Length: 0')],
    ['a bare \\r', post('Host: h\r\nX-A: 1\rX-B: 2')],
    ['a control character', post('Host: h\r\nX-A: \u0001')],
    ['a value outside ASCII', post('Host: h\r\nX-A: \u00e9')],
    ["a name of JavaScript's own", post('Host: h\r\n__proto__: 1')],
  ])('is left to node with %s', (_, text) => {
    expect(take(text)).toBeUndefined();
  });
});
