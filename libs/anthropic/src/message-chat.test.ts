import type { JsonBody } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageProblem, messageToChat, withoutUnsignedThoughts } from './message-chat.js';

const say = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] };

function chatOf(body: JsonBody): JsonBody {
  const translated = messageToChat(body);
  if ('problem' in translated) throw new Error(translated.problem.message);
  return translated.chat;
}

const word = fc.string({ minLength: 1, maxLength: 12 });
const part = fc.oneof(
  word.map((text) => ({ type: 'text', text })),
  fc.webUrl().map((url) => ({ type: 'image_url', image_url: { url } })),
);
const input = fc.dictionary(word, word);
const call = fc.record({ id: word, name: word, input }).map(({ id, name, input: value }) => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(value) },
}));
const turn = fc.oneof(
  fc.record({ role: fc.constant('user'), content: fc.array(part, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    role: fc.constant('assistant'),
    content: word,
    tool_calls: fc.array(call, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ role: fc.constant('tool'), tool_call_id: word, content: word }),
);

type Turn = Readonly<Record<string, unknown>>;
type Call = Readonly<{ id: string; function: Readonly<{ name: string; arguments: string }> }>;

/** The other way: a message of a chat as one of Anthropic's. */
function toMessage({ role, content, tool_calls: calls, tool_call_id: id }: Turn): Turn {
  if (role === 'tool') {
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] };
  }
  const blocks = Array.isArray(content) ? content.map(toBlock) : [{ type: 'text', text: content }];
  const called = ((calls ?? []) as readonly Call[]).map(({ id: callId, function: one }) => ({
    ...{ type: 'tool_use', id: callId, name: one.name },
    input: JSON.parse(one.arguments),
  }));
  return { role, content: [...blocks, ...called] };
}

function toBlock(each: Turn): Turn {
  if (each.type === 'text') return each;
  const { url } = each.image_url as { url: string };
  return { type: 'image', source: { type: 'url', url } };
}

describe(messageToChat, () => {
  it('keeps texts, pictures, calls and their results', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1 }), (messages) => {
        const chat = chatOf({ model: 'm', max_tokens: 5, messages: messages.map(toMessage) });
        expect(chat.messages).toEqual(messages);
      }),
    );
  });

  it('says of any JSON what it is in chat, or what is wrong with it', () => {
    const anything = fc.jsonValue({ maxDepth: 5 });
    const names = fc.constantFrom('type', 'role', 'content', 'source', 'text', 'input');
    const body = fc.record(
      {
        ...{ messages: fc.oneof(anything, fc.array(fc.dictionary(names, anything))) },
        ...{ system: anything, tools: anything, tool_choice: anything, thinking: anything },
        ...{ output_config: anything, metadata: anything },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (said) => {
        messageProblem(said as JsonBody);
        withoutUnsignedThoughts(said as JsonBody);
        const translated = messageToChat(said as JsonBody);
        if ('problem' in translated) expect(translated.problem.param).toEqual(expect.any(String));
        else expect(Array.isArray(translated.chat.messages)).toBe(true);
      }),
    );
  });

  it('has chat’s words for what is called otherwise there', () => {
    const schema = { type: 'object' };
    const chat = chatOf({
      ...say,
      ...{ stop_sequences: ['x'], metadata: { user_id: 'u' }, top_k: 3, stream: true },
      ...{ thinking: { type: 'enabled', budget_tokens: 20_000 }, service_tier: 'auto' },
      output_config: { format: { type: 'json_schema', schema } },
      tools: [{ name: 'f', input_schema: schema }],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
    });
    expect(chat).toEqual({
      ...{ ...say, stop: ['x'], user: 'u', top_k: 3, stream: true, reasoning_effort: 'high' },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema, strict: true },
      },
      tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
    });
  });

  const block = (fields: object) => ({ ...say, messages: [{ role: 'user', content: [fields] }] });
  it.each([
    [{ ...say, tools: [{ type: 'web_search_20250305' }] }, 'tools[0].type'],
    [block({ type: 'document' }), 'messages[0].content[0].type'],
    [block({ type: 'image', source: { type: 'file' } }), 'messages[0].content[0].source.type'],
    [{ ...say, system: [{ type: 'image' }] }, 'system[0].type'],
  ])('refuses %j, which chat has no words for, by its name', (body, param) => {
    const translated = messageToChat(body);
    expect(translated).toMatchObject({ problem: { code: 'unsupported_parameter', param } });
  });

  it.each(['container', 'mcp_servers', 'context_management'])(
    'tells that %s is a part of the API that is not served',
    (param) => {
      const translated = messageToChat({ ...say, [param]: {} });
      expect(translated).toMatchObject({ problem: { param, isFeature: true } });
    },
  );
});

describe(messageProblem, () => {
  it.each([
    [{}, 'model'],
    [{ model: 'm', max_tokens: 5 }, 'messages'],
    [{ ...say, max_tokens: undefined }, 'max_tokens'],
    [{ ...say, max_tokens: 0 }, 'max_tokens'],
    [{ ...say, stream: 'yes' }, 'stream'],
  ])('finds what is wrong with %j', (body, param) => {
    expect(messageProblem(body)).toMatchObject({ param });
    expect(messageProblem(say)).toBeUndefined();
  });
});

describe(withoutUnsignedThoughts, () => {
  it('takes out thoughts of models that do not sign them, and nothing else', () => {
    const thought = (signature: string) => ({ type: 'thinking', thinking: 'Hm.', signature });
    const body = (...content: readonly object[]) => ({
      messages: [{ role: 'assistant', content }],
    });
    expect(withoutUnsignedThoughts(body(thought(''), thought('s')))).toEqual(body(thought('s')));
    expect(withoutUnsignedThoughts(body(thought('s')))).toBeUndefined();
  });
});
