import { describe, expect, it } from '@jest/globals';
import { readResponseAnswer, readResponseEvent, readResponseUsage } from './response-answer.js';

const read = (event: object) => readResponseEvent(JSON.stringify(event));

describe(readResponseAnswer, () => {
  it('counts words, calls and thoughts, each item by itself', () => {
    const output = [
      { type: 'reasoning', summary: [{ text: 'Hm.' }], content: [] },
      { type: 'message', content: [{ type: 'output_text', text: 'Yes' }, { refusal: '!' }] },
      { type: 'function_call', name: 'f', arguments: '{}' },
    ];
    const usage = { input_tokens: 9, output_tokens: 4, input_tokens_details: { cached_tokens: 2 } };
    const body = { object: 'response', status: 'completed', output, usage };
    expect(readResponseAnswer(JSON.stringify(body))).toMatchObject({
      kind: 'answer',
      answer: {
        pieces: [
          { choice: 0, kind: 'reasoning', text: 'Hm.' },
          { choice: 1, kind: 'completion', text: 'Yes!' },
          { choice: 2, kind: 'completion', text: 'f{}' },
        ],
        finishReason: 'stop',
        usage: { promptTokens: 9, completionTokens: 4, cachedPromptTokens: 2 },
      },
    });
  });

  it.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content_filter'],
  ])('ends with %s as chat does with %s', (reason, finishReason) => {
    const body = { status: 'incomplete', incomplete_details: { reason }, output: [] };
    expect(readResponseAnswer(JSON.stringify(body))).toMatchObject({ answer: { finishReason } });
  });

  it('finds an error in an answer, and garbage in what is none', () => {
    const failed = {
      status: 'failed',
      error: { message: 'No.', code: 'server_error' },
      output: [],
    };
    expect(readResponseAnswer(JSON.stringify(failed))).toMatchObject({ kind: 'error' });
    expect(readResponseAnswer('{"object":"response"}')).toEqual({ kind: 'garbage' });
    expect(readResponseAnswer('[]')).toEqual({ kind: 'garbage' });
  });
});

describe(readResponseEvent, () => {
  it('counts what is new in an event, and nothing that it repeats', () => {
    const delta = { type: 'response.output_text.delta', output_index: 1, delta: 'Yes' };
    expect(read(delta)).toMatchObject({ answer: { text: 'Yes', pieces: [{ choice: 1 }] } });
    const done = { type: 'response.output_text.done', output_index: 1, text: 'Yes' };
    expect(read(done)).toMatchObject({ answer: { text: '' } });
    const added = {
      type: 'response.output_item.added',
      item: { type: 'function_call', name: 'f' },
    };
    expect(read(added)).toMatchObject({ answer: { text: 'f' } });
  });

  it('finds the end and its counts', () => {
    const usage = { input_tokens: 9, output_tokens: 4 };
    const last = { type: 'response.incomplete', response: { usage, output: [] } };
    expect(read(last)).toMatchObject({
      answer: { finishReason: 'length', usage: { promptTokens: 9, completionTokens: 4 } },
    });
    expect(readResponseEvent('[DONE]')).toEqual({ kind: 'done' });
  });

  it('finds an error, wherever it stands', () => {
    expect(read({ type: 'error', message: 'No.', code: 'x' })).toMatchObject({
      ...{ kind: 'error', error: { message: 'No.', code: 'x' } },
    });
    const failed = { type: 'response.failed', response: { error: { message: 'No.' } } };
    expect(read(failed)).toMatchObject({ kind: 'error', error: { message: 'No.' } });
    expect(read({ delta: 'x' })).toEqual({ kind: 'garbage' });
  });
});

it('believes no counts that are none', () => {
  expect(readResponseUsage({ input_tokens: -1, output_tokens: 4 })).toBeNull();
  expect(readResponseUsage('many')).toBeNull();
});
