import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bearerOf } from './bearer.js';

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 256,
});

describe(bearerOf, () => {
  it('finds a token behind its scheme, whatever the case and however wide the gap', () => {
    const scheme = fc.constantFrom('Bearer', 'bearer', 'BEARER');
    const gap = fc.constantFrom(' ', '  ', '\t');
    fc.assert(
      fc.property(scheme, gap, printable, (name, space, token) => {
        expect(bearerOf(`${name}${space}${token}`)).toBe(token);
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic abc'],
    ['a scheme alone', 'Bearer '],
    ['two words', 'Bearer one two'],
    ['a token without its scheme', 'abc'],
    ['more than a token', `Bearer ${'x'.repeat(4_097)}`],
  ])('finds none in %s', (_name, header) => {
    expect(bearerOf(header)).toBeUndefined();
  });
});
