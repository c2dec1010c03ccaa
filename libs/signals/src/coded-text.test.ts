import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codeAt, codedText } from './coded-text.js';

describe(codedText, () => {
  it('has the code of each character, halves of pairs included, and nothing behind the last', () => {
    const unit = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\uD83D', '\uDE00', '\0'));
    const texts = fc.array(unit).map((all) => all.join(''));
    const run = fc.property(texts, (text) => {
      const coded = codedText(text);
      const codes = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
      expect([...coded.codes]).toEqual([...codes, 0]);
      expect(codeAt(coded, text.length)).toBe(0);
    });
    fc.assert(run);
  });
});
