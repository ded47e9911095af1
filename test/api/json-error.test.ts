import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonErrorDetail } from '../../src/api/json-error.js';

it('speaks as spray-json does', () => {
  expect(jsonErrorDetail('{bad')).toBe(
    `Unexpected character 'b' at input index 1 (line 1, position 2), expected '"':\n{bad\n ^\n`,
  );
  expect(jsonErrorDetail('')).toBe(
    'Unexpected end-of-input at input index 0 (line 1, position 1), expected JSON Value:\n\n^\n',
  );
  expect(jsonErrorDetail('{\n "a": x}')).toBe(
    `Unexpected character 'x' at input index 8 (line 2, position 7), expected JSON Value:\n "a": x}\n      ^\n`,
  );
  expect(jsonErrorDetail('{} x')).toContain(
    "Unexpected character 'x' at input index 3 (line 1, position 4), expected end-of-input",
  );
  expect(jsonErrorDetail('{"a":tru}')).toBe(
    `Unexpected character '}' at input index 5 (line 1, position 6), expected JSON Value:\n{"a":tru}\n     ^\n`,
  );
  expect(jsonErrorDetail('nul')).toContain('Unexpected end-of-input at input index 0 (line 1, position 1)');
  expect(jsonErrorDetail('   ')).toBe(
    'Unexpected end-of-input at input index 3 (line 1, position 4), expected JSON Value:\n   \n   ^\n',
  );
  expect(jsonErrorDetail('\t{\u0085')).toContain('\n?{?\n');
});

it('finds a fault in every text that JSON.parse refuses', () => {
  const broken = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('{', '}', ',', '"', 'x', ''))
    .map(([text, at, insert]) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + insert + text.slice(i + 1);
    });
  fc.assert(
    fc.property(broken, text => {
      try {
        JSON.parse(text);
      } catch {
        expect(jsonErrorDetail(text)).toContain('Unexpected ');
      }
    }),
    { numRuns: 2000 },
  );
});
