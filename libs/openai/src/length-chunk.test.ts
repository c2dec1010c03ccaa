import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readChatEvent } from './chat-answer.js';
import { lengthChunk } from './length-chunk.js';

describe(lengthChunk, () => {
  it('keeps the form of the chunk, says nothing more, and names its reason', () => {
    const chunk = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'm',
      system_fingerprint: 'f',
      choices: [
        { index: 0, delta: { content: 'secret' }, finish_reason: null },
        { index: 3, delta: { role: 'assistant' }, finish_reason: null },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    };
    expect(JSON.parse(lengthChunk(JSON.stringify(chunk), 'balance_exhausted'))).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'm',
      system_fingerprint: 'f',
      choices: [
        { index: 0, delta: {}, finish_reason: 'length' },
        { index: 3, delta: {}, finish_reason: 'length' },
      ],
      x_aisbf: { notice: 'balance_exhausted' },
    });
  });

  it('is an event without a word that ends the answer, whatever chunk it is made from', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (body, choices) => {
        const { error: _error, ...chunk } = body;
        const result = readChatEvent(lengthChunk(JSON.stringify({ ...chunk, choices }), 'notice'));
        expect(result).toMatchObject({
          kind: 'answer',
          answer: { text: '', finishReason: 'length' },
        });
      }),
    );
  });

  it('refuses what is no chunk', () => {
    expect(() => lengthChunk('7', 'notice')).toThrow(RangeError);
  });
});
