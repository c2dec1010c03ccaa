import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { countTextTokens } from './text-tokens.js';

const words = fc.array(fc.stringMatching(/^[a-zäöü.,!?]{1,12}$/), { maxLength: 400 });

describe(countTextTokens, () => {
  it('counts ordinary text exactly as the tokenizer does', () => {
    fc.assert(
      fc.property(words, (list) => {
        const text = list.join(' ');
        expect(countTextTokens(text)).toBe(encode(text).length);
        const tokenizer = { encoding: 'cl100k_base', hasSingleDigits: false } as const;
        expect(countTextTokens(text, tokenizer)).toBe(encodeCl100k(text).length);
      }),
    );
  });

  it('counts digits one by one where the family does, and everything else alike', () => {
    const digits = { encoding: 'o200k_base', hasSingleDigits: true } as const;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat().map(String), fc.constant('word')), { maxLength: 50 }),
        (list) => {
          const text = list.join(' ');
          const numbers = list.filter((one) => one !== 'word');
          const more = numbers.reduce((sum, { length }) => sum + length - Math.ceil(length / 3), 0);
          expect(countTextTokens(text, digits)).toBe(countTextTokens(text) + more);
        },
      ),
    );
    expect(countTextTokens('1234567', digits)).toBe(7);
  });

  it('counts control marks as the text they are', () => {
    expect(countTextTokens('a<|endoftext|>b')).toBeGreaterThan(3);
  });

  it.each(['a', '😀', ' ', '\ud800', '字'])('takes linear time over a run of %j', (letter) => {
    const once = countTextTokens(letter.repeat(12_800));
    expect(countTextTokens(letter.repeat(25_600))).toBe(2 * once);
  });

  it('extrapolates a text that is too long to count', () => {
    const half = 'word '.repeat(50_000);
    const counted = countTextTokens(half);
    expect(Math.abs(countTextTokens(half + half) - 2 * counted)).toBeLessThan(counted / 100);
  });
});
