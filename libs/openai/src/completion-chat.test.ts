import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { completionFromChatDialect, completionToChat } from './completion-chat.js';

const terms = { requestId: 'req_1', startedAtMs: 0, promptTokens: 5, outputTokens: () => 2 };
const telling = () => {
  const made = completionFromChatDialect.telling?.(terms);
  if (!made) throw new Error('nothing is told');
  return made;
};
const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({
    ...{ id: 'c1', object: 'chat.completion.chunk', created: 7, model: 'm' },
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  });
const said = (told: string | undefined) => JSON.parse(told?.replace('data: ', '') ?? '');

describe(completionToChat, () => {
  it('asks for the same, by the API’s own default of tokens', () => {
    const body = {
      model: 'm',
      prompt: 'Go on.',
      temperature: 0.5,
      n: 2,
      stop: ['x'],
      stream: true,
    };
    const { prompt, ...same } = body;
    const messages = [{ role: 'user', content: prompt }];
    expect(completionToChat(body)).toEqual({ max_tokens: 16, ...same, messages });
    expect(completionToChat({ ...body, prompt: [prompt], max_tokens: 3 })).toEqual({
      ...same,
      ...{ max_tokens: 3, messages },
    });
  });

  it.each([
    { prompt: ['one', 'two'] },
    { prompt: [1, 2, 3] },
    { prompt: [[1, 2, 3]] },
    { prompt: 'x', suffix: 'y' },
    { prompt: 'x', echo: true },
    { prompt: 'x', logprobs: 0 },
    { prompt: 'x', best_of: 2 },
    { prompt: 'x', best_of: 3, n: 2 },
  ])('has no words for %j', (body) => {
    expect(completionToChat({ model: 'm', ...body })).toBeUndefined();
  });

  it('leaves out what is said by leaving it out', () => {
    const body = {
      prompt: 'x',
      suffix: '',
      echo: false,
      logprobs: null,
      best_of: 1,
      max_tokens: 1,
    };
    expect(completionToChat(body)).toEqual({
      ...{ max_tokens: 1, messages: [{ role: 'user', content: 'x' }] },
    });
  });
});

describe('a chat that is told as a completion', () => {
  it('is whole, and counted by us', () => {
    const message = { role: 'assistant', content: 'so it', reasoning_content: 'hm' };
    const chat = {
      ...{ id: 'c1', object: 'chat.completion', created: 7, model: 'm' },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 },
    };
    expect(said(telling().whole(JSON.stringify(chat)))).toEqual({
      ...{ id: 'c1', object: 'text_completion', created: 7, model: 'm' },
      choices: [{ index: 0, text: 'so it', logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
  });

  it('reads what the buyer gets, and believes no counts of another form', () => {
    const chat = chunk(
      { content: 'so', reasoning_content: 'hm' },
      { usage: { prompt_tokens: 12, completion_tokens: 9 } },
    );
    expect(completionFromChatDialect.readEvent(chat)).toMatchObject({
      kind: 'answer',
      answer: { pieces: [{ choice: 0, kind: 'completion', text: 'so' }], usage: null },
    });
  });

  it('has the same texts in events as there were, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const { event } = telling();
        const told = texts.map((content) => said(event(chunk({ content }))));
        expect(told.map(({ choices }) => choices[0].text)).toEqual(texts);
        expect(told.every(({ object }) => object === 'text_completion')).toBe(true);
      }),
    );
  });

  it('ends early in its own form', () => {
    const usage = { promptTokens: 5, completionTokens: 2 };
    const notice = 'balance_exhausted';
    const [last, counts] = telling()
      .endEarly({ data: chunk({ content: 'x' }), notice, usage })
      .trim()
      .split('\n\n');
    expect(said(last)).toMatchObject({
      ...{ object: 'text_completion', x_aisbf: { notice } },
      choices: [{ index: 0, text: '', finish_reason: 'length' }],
    });
    expect(said(counts)).toMatchObject({ choices: [], usage: { completion_tokens: 2 } });
  });

  it.each([
    ['an error', '{"error":{"message":"no"},"choices":[]}', 'error'],
    ['no JSON', 'nonsense', 'garbage'],
    ['choices that are none', '{"choices":7}', 'garbage'],
    ['an end', '[DONE]', 'done'],
  ])('takes %s for what it is', (_name, text, kind) => {
    expect(completionFromChatDialect.readEvent(text).kind).toBe(kind);
  });
});
