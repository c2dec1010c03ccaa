import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isObject, type JsonBody } from './json-body.js';
import { responseProblem, responseToChat } from './response-chat.js';

const say = { model: 'm', input: 'hello' };

function chatOf(body: JsonBody): JsonBody {
  const translated = responseToChat(body);
  if ('problem' in translated) throw new Error(translated.problem.message);
  return translated.chat;
}

const problemOf = (body: JsonBody) => {
  const translated = responseToChat(body);
  return 'problem' in translated ? translated.problem : undefined;
};

const word = fc.string({ minLength: 1, maxLength: 12 });
const part = fc.oneof(
  word.map((text) => ({ type: 'text', text })),
  fc
    .record({ url: fc.webUrl(), detail: fc.constantFrom('low', 'high', 'auto') })
    .map((image_url) => ({ type: 'image_url', image_url })),
);
const call = fc.record({ id: word, name: word, arguments: word }).map(({ id, ...called }) => ({
  id,
  type: 'function',
  function: called,
}));
const turn = fc.oneof(
  fc.record({ role: fc.constant('system'), content: word }),
  fc.record({ role: fc.constant('user'), content: fc.array(part, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    role: fc.constant('assistant'),
    content: word,
    tool_calls: fc.array(call, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ role: fc.constant('tool'), tool_call_id: word, content: word }),
);
const tool = fc.record({ name: word, description: word }).map((called) => ({
  type: 'function',
  function: { ...called, parameters: { type: 'object' } },
}));

type Turn = Readonly<Record<string, unknown>>;

/** The other way: a chat as the items of a Responses request. */
function toItems(message: Turn): readonly Turn[] {
  const { role, content, tool_calls: calls, tool_call_id: callId } = message;
  if (role === 'tool') return [{ type: 'function_call_output', call_id: callId, output: content }];
  const parts = Array.isArray(content) ? content.map(toPart) : content;
  const called = (Array.isArray(calls) ? calls : []).map((one) => ({
    ...{ type: 'function_call', call_id: one.id },
    ...one.function,
  }));
  return [{ role, content: parts }, ...called];
}

function toPart(each: Turn): Turn {
  if (each.type === 'text') return { ...each, type: 'input_text' };
  const { url, detail } = isObject(each.image_url) ? each.image_url : {};
  return { type: 'input_image', image_url: url, detail };
}

describe(responseToChat, () => {
  it('keeps texts, pictures, calls, their results and tools', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1 }), fc.array(tool), (messages, tools) => {
        const body = {
          model: 'm',
          input: messages.flatMap(toItems),
          tools: tools.map(({ function: called }) => ({ type: 'function', ...called })),
        };
        const chat = chatOf(body);
        expect(chat.messages).toEqual(messages);
        expect(chat.tools ?? []).toEqual(tools);
      }),
    );
  });

  it('says of any JSON what it is in chat, or what is wrong with it', () => {
    const anything = fc.jsonValue({ maxDepth: 5 });
    const body = fc.record(
      {
        ...{
          input: fc.oneof(
            anything,
            fc.array(
              fc.dictionary(
                fc.constantFrom('type', 'role', 'content', 'output', 'call_id'),
                anything,
              ),
            ),
          ),
        },
        ...{ tools: anything, tool_choice: anything, text: anything, reasoning: anything },
        ...{ include: anything, truncation: anything, instructions: anything },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (said) => {
        responseProblem(said as JsonBody);
        const translated = responseToChat(said as JsonBody);
        if ('problem' in translated) expect(translated.problem.param).toEqual(expect.any(String));
        else expect(Array.isArray(translated.chat.messages)).toBe(true);
      }),
    );
  });

  it('has chat’s words for what is called otherwise there', () => {
    const format = { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true };
    const chat = chatOf({
      ...{ ...say, max_output_tokens: 7, reasoning: { effort: 'low' }, temperature: 0.5 },
      ...{ text: { format, verbosity: 'low' }, tool_choice: { type: 'function', name: 'f' } },
      ...{ metadata: { a: 'b' }, top_k: 5, store: true, previous_response_id: 'resp_1' },
    });
    expect(chat).toEqual({
      ...{ model: 'm', messages: [{ role: 'user', content: 'hello' }], max_tokens: 7 },
      ...{ reasoning_effort: 'low', temperature: 0.5, verbosity: 'low', top_k: 5 },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: { type: 'object' }, strict: true },
      },
      tool_choice: { type: 'function', function: { name: 'f' } },
      metadata: { a: 'b' },
    });
  });

  it('shows pictures that a call has brought behind all results of the turn', () => {
    const picture = { type: 'input_image', image_url: 'https://x.example/a.png' };
    const { messages } = chatOf({
      model: 'm',
      input: [
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
        { type: 'function_call', call_id: 'b', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'a', output: [picture] },
        { type: 'function_call_output', call_id: 'b', output: 'done' },
        { role: 'user', content: 'And?' },
      ],
    });
    expect(messages).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a', content: '' },
      { role: 'tool', tool_call_id: 'b', content: 'done' },
      { role: 'user', content: [{ type: 'image_url' }] },
      { role: 'user', content: 'And?' },
    ]);
  });

  const item = (fields: object) => ({ ...say, input: [fields] });
  it.each([
    [{ ...say, tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ ...say, tools: [{ type: 'custom', name: 'x' }] }, 'tools[0].type'],
    [{ ...say, tool_choice: { type: 'file_search' } }, 'tool_choice.type'],
    [{ ...say, top_logprobs: 3 }, 'top_logprobs'],
    [{ ...say, include: ['message.output_text.logprobs'] }, 'include'],
    [{ ...say, truncation: 'auto' }, 'truncation'],
    [item({ type: 'item_reference', id: 'x' }), 'input[0].type'],
    [item({ role: 'user', content: [{ type: 'input_file' }] }), 'input[0].content[0].type'],
    [
      item({ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }),
      'input[0].content[0].file_id',
    ],
  ])('refuses %j, which chat has no words for, by its name', (body, param) => {
    expect(problemOf(body)).toMatchObject({ code: 'unsupported_parameter', param });
  });

  it.each(['background', 'conversation', 'prompt', 'context_management'])(
    'tells that %s is a part of the API that is not served',
    (param) => {
      const body = { ...say, [param]: param === 'background' ? true : { id: 'x' } };
      expect(problemOf(body)).toMatchObject({ param, isFeature: true });
    },
  );
});
