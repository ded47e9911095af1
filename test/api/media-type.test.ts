import { describe, expect, test } from 'vitest';
import { contentKind, contentTypeHeader, parseMediaType } from '../../src/api/media-type.js';

describe('content types', () => {
  test.each([
    ['application/json', 'json', 'application/json'],
    ['application/json; charset=utf-8', 'json', 'application/json'],
    ['application/hal+json', 'json', 'application/hal+json'],
    ['text/html', 'text', 'text/html; charset=UTF-8'],
    ['Text/HTML;charset="iso-8859-1"', 'text', 'text/html; charset=UTF-8'],
    ['text/plain; format=flowed', 'text', 'text/plain; format=flowed; charset=UTF-8'],
    ['text/event-stream', 'text', 'text/event-stream'],
    ['application/xml', 'text', 'application/xml; charset=UTF-8'],
    ['application/javascript', 'text', 'application/javascript; charset=UTF-8'],
    ['application/x-www-form-urlencoded', 'text', 'application/x-www-form-urlencoded'],
    ['application/x-unknown', 'binary', 'application/x-unknown'],
    ['application/x-unknown; charset=utf-8', 'text', 'application/x-unknown; charset=UTF-8'],
    ['application/octet-stream', 'binary', 'application/octet-stream'],
    ['application/pdf; charset=utf-8', 'binary', 'application/pdf'],
    ['image/svg+xml', 'binary', 'image/svg+xml'],
    ['image/png', 'binary', 'image/png'],
    ['multipart/form-data; boundary=x', 'binary', 'multipart/form-data; boundary=x'],
  ])('%s is %s and is written %s', (text, kind, header) => {
    const type = parseMediaType(text);
    expect(type && [contentKind(type), contentTypeHeader(type)]).toEqual([kind, header]);
  });

  test.each(['', 'text', 'text/', '/html', 'text/html; charset', 'te xt/html', 'text/html, text/plain'])(
    '%j is none',
    text => expect(parseMediaType(text)).toBeUndefined(),
  );
});
