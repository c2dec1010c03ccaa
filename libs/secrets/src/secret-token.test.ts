import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSecretToken, isSameHash, keyedHash, parseSecretToken } from './secret-token.js';

describe(parseSecretToken, () => {
  it('reads what was made', () => {
    const token = createSecretToken('aisbf');
    expect(parseSecretToken(token.text)).toEqual(token);
    expect(createSecretToken('aisbfw').text).toMatch(/^aisbfw_/);
  });

  it('refuses a token with any one character changed', () => {
    const { text } = createSecretToken('aisbf');
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('a', 'Z', '7', '_', ' '),
        (at, other) => {
          fc.pre(text[at] !== other);
          expect(parseSecretToken(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
        },
      ),
    );
  });

  it('refuses anything that is not one of ours', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseSecretToken(text)).toBeUndefined();
      }),
    );
  });
});

describe(keyedHash, () => {
  it('depends on the secret and on the pepper', () => {
    expect(isSameHash(keyedHash('a', 'pepper'), keyedHash('a', 'pepper'))).toBe(true);
    expect(isSameHash(keyedHash('a', 'pepper'), keyedHash('b', 'pepper'))).toBe(false);
    expect(isSameHash(keyedHash('a', 'pepper'), keyedHash('a', 'other'))).toBe(false);
    expect(isSameHash('', 'ab')).toBe(false);
  });
});
