import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readChatAnswer, readChatEvent } from './chat-answer.js';
import { readUsage } from './usage.js';

describe(readChatEvent, () => {
  it('reads words, reasoning, refusals and tool calls as output', () => {
    const delta = {
      content: 'a',
      reasoning_content: 'b',
      refusal: 'c',
      tool_calls: [{ function: { name: 'd', arguments: 'e' } }],
    };
    const result = readChatEvent(JSON.stringify({ choices: [{ delta, finish_reason: 'stop' }] }));
    expect(result).toMatchObject({ kind: 'answer', answer: { finishReason: 'stop' } });
    expect(result.kind === 'answer' && [...result.answer.text].sort().join('')).toBe('abcde');
  });

  it('knows the end, an error and garbage', () => {
    expect(readChatEvent('[DONE]')).toEqual({ kind: 'done' });
    expect(readChatEvent('{"error":{"message":"no","code":503}}')).toEqual({
      kind: 'error',
      error: { message: 'no', code: null, status: 503 },
    });
    expect(readChatEvent('{"error":"no"}')).toMatchObject({
      kind: 'error',
      error: { message: 'no' },
    });
    expect(readChatEvent('<html>')).toEqual({ kind: 'garbage' });
    expect(readChatEvent('{"choices":7}')).toEqual({ kind: 'garbage' });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof readChatAnswer(text).kind).toBe('string');
      }),
    );
  });
});

describe(readUsage, () => {
  it('reads two counts', () => {
    expect(readUsage({ prompt_tokens: 3, completion_tokens: 0 })).toEqual({
      promptTokens: 3,
      completionTokens: 0,
    });
  });

  it.each([-1, Number.NaN, 0.5, '7', null, undefined, 1e13, Number.POSITIVE_INFINITY])(
    'takes %p for no usage at all',
    (bad) => {
      expect(readUsage({ prompt_tokens: bad, completion_tokens: 1 })).toBeNull();
      expect(readUsage({ prompt_tokens: 1, completion_tokens: bad })).toBeNull();
    },
  );
});
