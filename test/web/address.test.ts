import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/web/address.js';

const parsed = (path: string) => {
  const address = parseAddress(path);
  return address && [address.path, address.extension, address.rest];
};

describe('the URL of a web action', () => {
  test.each([
    ['guest/default/hello', ['guest/hello', 'http', '']],
    ['guest/pkg/hello.json', ['guest/pkg/hello', 'json', '']],
    ['guest/pkg/hello.svg/', ['guest/pkg/hello', 'svg', '/']],
    ['guest/pkg/hello.html/a%20b//c?', ['guest/pkg/hello', 'html', '/a%20b//c?']],
    ['guest/pkg/we/p.json', ['guest/pkg/we', 'http', '/p.json']],
    ['guest/pkg/foo.bar', ['guest/pkg/foo.bar', 'http', '']],
    ['guest/pkg/foo.JSON', ['guest/pkg/foo.JSON', 'http', '']],
    ['guest/pkg/foo.json.text', ['guest/pkg/foo.json', 'text', '']],
    ['whisk.system/my%20pkg/an%20action', ['whisk.system/my pkg/an action', 'http', '']],
    ['_/default/hello', ['_/hello', 'http', '']],
  ])('%s', (path, expected) => expect(parsed(path)).toEqual(expected));

  test.each(['', 'guest', 'guest/default', 'guest/default/', 'guest//x', '/pkg/x', 'a/b/%zz', 'a/b/x%2Fy', 'a/b/$x'])(
    '%j names no web action',
    path => expect(parseAddress(path)).toBeUndefined(),
  );
});
