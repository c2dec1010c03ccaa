import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode, encode } from 'gpt-tokenizer/encoding/o200k_base';
import { DeliveredTokens } from './delivered-tokens.js';
import { countTextTokens } from './text-tokens.js';

const word = fc.oneof(
  fc.stringMatching(/^[a-zäöü.,!?]{1,12}$/),
  fc.stringMatching(/^[ \n]{1,4}$/),
  fc.constantFrom('字词', '😀', 'function()', '12345', "don't", '\n\n', '    return x;\n'),
);
const text = fc.array(word, { maxLength: 300 }).map((words) => words.join(' '));

const countedInPieces = (whole: string, size: number) => {
  const delivered = new DeliveredTokens();
  for (let at = 0; at < whole.length; at += size) delivered.append(whole.slice(at, at + size));
  return delivered;
};

describe(DeliveredTokens, () => {
  it('counts a text that comes in pieces as it counts the whole', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (part, size) => {
        const whole = part.repeat(5);
        const { total } = countedInPieces(whole, size);
        expect(Math.abs(total - countTextTokens(whole))).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('counts the same, however often it is asked on the way', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (whole, size) => {
        const asked = new DeliveredTokens();
        for (let at = 0; at < whole.length; at += size) {
          asked.append(whole.slice(at, at + size));
          expect(asked.total).toBeLessThanOrEqual(asked.totalAtMost);
        }
        expect(Math.abs(asked.total - countTextTokens(whole))).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('never has more than it says at most, and says so without counting', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3_000 }), (whole) => {
        const delivered = countedInPieces(whole, 100);
        const atMost = delivered.totalAtMost;
        expect(delivered.total).toBeLessThanOrEqual(atMost);
      }),
    );
  });

  it('charges k tokens, give or take two, to whoever has had k of them, for every k', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const tokens = encode(whole);
        const delivered = new DeliveredTokens();
        // As a model's server does: what is half a character waits for the other half.
        let unfinished: number[] = [];
        for (const [index, token] of tokens.entries()) {
          unfinished.push(token);
          const said = decode(unfinished);
          if (said.includes('\ufffd')) continue;
          unfinished = [];
          delivered.append(said);
          expect(Math.abs(delivered.total - (index + 1))).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('cuts no character in two where there is no space to cut at', () => {
    const whole = '😀'.repeat(5_000);
    const delivered = new DeliveredTokens();
    for (const half of whole.split('')) delivered.append(half);
    expect(Math.abs(delivered.total - countTextTokens(whole))).toBeLessThanOrEqual(40);
  });
});
