import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSealed, seal } from './sealed-text.js';

describe(openSealed, () => {
  it('gives back what was sealed, and only with the same secret', () => {
    const property = fc.property(fc.string(), fc.string({ minLength: 1 }), (text, secret) => {
      expect(openSealed(seal(text, secret), secret)).toBe(text);
      expect(openSealed(seal(text, secret), `${secret}x`)).toBeUndefined();
    });
    fc.assert(property);
  });

  it('refuses a text with any one character changed, and anything that was never sealed', () => {
    const sealed = seal('{"amount":"1"}', 'secret');
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('a', '0', '"', '€'), (at, other) => {
        fc.pre(sealed[at] !== other);
        const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
        expect(openSealed(changed, 'secret')).toBeUndefined();
      }),
    );
    for (const text of ['', 'short', '{}']) expect(openSealed(text, 'secret')).toBeUndefined();
  });
});
