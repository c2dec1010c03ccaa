import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createSecretToken,
  isSameHash,
  keyedHash,
  parseSecretToken,
  withoutSecretTokens,
} from './secret-token.js';

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

describe(withoutSecretTokens, () => {
  it('leaves of each only its prefix and public id, whatever stands around it', () => {
    const edge = fc.stringMatching(/^[ "/&=?.,:-]{0,5}$/);
    const property = fc.property(edge, edge, (before, after) => {
      const [one, two] = [createSecretToken('aisbf'), createSecretToken('aisbfw')];
      expect(withoutSecretTokens(`${before}${one.text}${after} ${two.text}`)).toBe(
        `${before}aisbf_${one.publicId}_[redacted]${after} aisbfw_${two.publicId}_[redacted]`,
      );
    });
    fc.assert(property);
  });

  it('leaves alone what is none', () => {
    for (const text of ['', 'aisbf', 'aisbf_accounts', `aisbf_${'a'.repeat(60)}`]) {
      expect(withoutSecretTokens(text)).toBe(text);
    }
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
