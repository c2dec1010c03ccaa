import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { DeliveredTokens } from './delivered-tokens.js';
import { countPromptTokens } from './prompt-tokens.js';
import { countTextTokens } from './text-tokens.js';

const words = fc.array(fc.stringMatching(/^[a-zäöü.,!?]{1,12}$/), { maxLength: 400 });

describe(countTextTokens, () => {
  it('counts ordinary text exactly as the tokenizer does', () => {
    fc.assert(
      fc.property(words, (list) => {
        const text = list.join(' ');
        expect(countTextTokens(text)).toBe(encode(text).length);
      }),
    );
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

describe(DeliveredTokens, () => {
  it('counts a text that comes in pieces as it counts the whole', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 50 }), (list, size) => {
        const text = list.join(' ').repeat(5);
        const delivered = new DeliveredTokens();
        for (let at = 0; at < text.length; at += size) delivered.append(text.slice(at, at + size));
        expect(Math.abs(delivered.total - countTextTokens(text))).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe(countPromptTokens, () => {
  it('counts messages, parts and tools', () => {
    const plain = countPromptTokens({ messages: [{ role: 'user', content: 'hello world' }] });
    expect(plain).toBe(3 + 4 + 2);
    const parts = [
      { type: 'text', text: 'hello world' },
      { type: 'image_url', image_url: { url: 'x' } },
    ];
    expect(countPromptTokens({ messages: [{ role: 'user', content: parts }] })).toBe(plain);
    expect(
      countPromptTokens({
        messages: [{ role: 'user', content: 'hello world' }],
        tools: [{ a: 1 }],
      }),
    ).toBeGreaterThan(plain);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(countPromptTokens(body)).toBeGreaterThanOrEqual(0);
        expect(countPromptTokens({ messages: body, tools: body })).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
