import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { encodedLength } from './encoding.js';

const asText = { disallowedSpecial: new Set<string>() };

/** What encodings part in ways of their own: space, line ends, contractions, numbers, marks, scripts, halves of pairs. */
const oddities = fc.constantFrom(
  ...[' ', '  ', '\n', '\r\n', ' \n ', '\t', "'s", "'LL", 'é', 'ABc', '12345', '½', '...', '/\n'],
  ...['<|endoftext|>', '<|im_start|>', '字', '한국', '😀', '\ud83d', '\u0301', '\u00a0', '\u2028'],
);
const texts = fc
  .array(
    fc.oneof(
      oddities,
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.stringMatching(/^[A-Za-z]{1,40}$/),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe(encodedLength, () => {
  it.each([
    ['o200k_base', encodeO200k],
    ['cl100k_base', encodeCl100k],
  ] as const)(
    'is what %s says of any text, whether its pieces are known already or not',
    (encoding, encode) => {
      fc.assert(
        fc.property(texts, (text) => {
          const said = encode(text, asText).length;
          expect(encodedLength(text, encoding)).toBe(said);
          expect(encodedLength(text, encoding)).toBe(said);
        }),
        { numRuns: 2_000 },
      );
    },
  );
});
