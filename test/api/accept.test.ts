import { describe, expect, test } from 'vitest';
import { accepts } from '../../src/api/accept.js';

const HTML = 'text/html; charset=UTF-8';

describe('Accept', () => {
  test.each([
    [undefined, HTML, true],
    ['*/*', HTML, true],
    ['text/html', HTML, true],
    ['TEXT/HTML', HTML, true],
    ['text/*', HTML, true],
    ['application/json', HTML, false],
    ['application/json, */*;q=0.1', HTML, true],
    ['text/html;q=0, */*', HTML, false],
    ['text/*;q=0, text/html', HTML, true],
    ['*/*;q=0', HTML, false],
    ['image/avif,image/webp,*/*;q=0.8', 'image/png', true],
    ['text/html;level=1', HTML, false],
    ['text/html;charset=utf-8', HTML, true],
    ['not an accept header', HTML, true],
    ['text/html;q=x', 'image/png', true],
  ])('%s takes %s: %s', (header, type, expected) => expect(accepts(header, type)).toBe(expected));
});
