import { describe, expect, it } from '@jest/globals';
import { messagesEndpoint, responsesEndpoint } from './translated-endpoints.js';
import { readTranslatedWork } from './translated-work.js';
import { factsOf, formFor, type Work } from './work.js';

const terms = {
  place: { kind: 'anywhere' as const },
  sessionHeader: undefined,
  signalLimits: { charactersMax: 1_000 },
};

function workOf(body: object, endpoint = responsesEndpoint): Work {
  const work = readTranslatedWork(endpoint, JSON.stringify(body), terms);
  if ('code' in work) throw new Error(work.message);
  return work;
}

const sent = (work: Work, endpoint: 'responses' | 'messages' | 'chat.completions') =>
  JSON.parse(String(formFor(work, endpoint).bodyFor('there')?.open()));

const say = { model: 'a/b', input: 'one two' };

describe(readTranslatedWork, () => {
  it('sends a request as it came, but for what only the market understands', () => {
    const odd = { ...say, top_k: 5, metadata: { a: 'b' }, truncation: 'disabled' };
    const work = workOf({
      ...{ ...odd, store: true, previous_response_id: 'resp_1', max_cost: 1, session_id: 's' },
      provider: { sort: 'price' },
    });
    expect(sent(work, 'responses')).toEqual({ ...odd, model: 'there', store: false });
    expect(sent(work, 'chat.completions')).toEqual({
      ...{ model: 'there', messages: [{ role: 'user', content: 'one two' }], top_k: 5 },
    });
  });

  it('asks a chat for counts where it streams', () => {
    const chat = sent(workOf({ ...say, stream: true }), 'chat.completions');
    expect(chat).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('tells the router of its own endpoint, and what it holds in either form', () => {
    const content = [{ type: 'input_image', image_url: 'https://x.example/a.png' }];
    const tools = [{ type: 'function', name: 'f' }];
    const work = workOf({ ...say, input: [{ role: 'user', content }], tools });
    expect(factsOf(work, 9)).toMatchObject({
      ...{ endpoint: 'responses', route: 'a/b', inputs: ['image'], hasTools: true },
    });
    const sizes = (['responses', 'chat.completions'] as const).map(
      (endpoint) => JSON.stringify({ ...sent(work, endpoint), model: 'a/b' }).length,
    );
    expect(work.bodyBytes).toBe(Math.max(...sizes));
  });

  it('leaves out thoughts that nobody has signed, of whoever has the API', () => {
    const thought = { type: 'thinking', thinking: 'Hm.', signature: '' };
    const text = { type: 'text', text: 'Yes.' };
    const messages = [{ role: 'assistant', content: [thought, text] }];
    const work = workOf({ model: 'a/b', max_tokens: 5, messages }, messagesEndpoint);
    expect(sent(work, 'messages').messages).toEqual([{ role: 'assistant', content: [text] }]);
    expect(work.headersOf?.({ authorization: 'Bearer secret' })).toEqual({
      ...{ 'anthropic-version': '2023-06-01', 'x-api-key': 'secret' },
    });
  });

  it.each([
    ['{', null],
    ['{"model":"a/b"}', 'input'],
    ['{"model":"a/b","input":"x","provider":{"order":7}}', 'provider.order'],
    ['{"model":"a/b","input":"x","n":0}', 'n'],
    ['{"model":"a/b","input":"x","tools":[{"type":"mcp"}]}', 'tools[0].type'],
  ])('says what is wrong with %s', (text, param) => {
    expect(readTranslatedWork(responsesEndpoint, text, terms)).toMatchObject({ param });
  });
});

it('is asked for in no form that it cannot have', () => {
  expect(() => formFor(workOf(say), 'embeddings')).toThrow(RangeError);
});
