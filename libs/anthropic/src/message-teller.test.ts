import { isObject, type JsonBody, SseReader, type Telling } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageDialect, messageFromChatDialect } from './message-dialect.js';

const terms = {
  requestId: 'req_0123456789abcdef0123456789abcdef',
  startedAtMs: 1_000,
  promptTokens: 5,
  outputTokens: () => 3,
};

function telling(dialect = messageFromChatDialect({ model: 'm' })): Telling {
  const made = dialect.telling?.(terms);
  if (!made) throw new Error('no telling');
  return made;
}

type Event = Readonly<Record<string, unknown> & { type: string }>;

function eventsOf(told: string): readonly Event[] {
  const events = new SseReader(1_000_000).push(Buffer.from(told));
  return events.map(({ data }) => JSON.parse(data ?? '{}') as Event);
}

const sse = (chunks: readonly object[]) =>
  `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;

/** All that a buyer is told of a stream that comes in these pieces. */
function toldOf(pieces: readonly Uint8Array[], made = telling()): string {
  const reader = new SseReader(1_000_000);
  let told = '';
  for (const { data } of pieces.flatMap((piece) => reader.push(piece))) {
    if (data === undefined || made.read(data).kind !== 'answer') continue;
    told += made.event(data) ?? '';
  }
  return told + made.done();
}

const word = fc.string({ minLength: 1, maxLength: 8 });
const delta = fc.oneof(
  word.map((content) => ({ content })),
  word.map((reasoning_content) => ({ reasoning_content })),
);
const calls = fc
  .array(fc.record({ name: word, value: fc.dictionary(word, word) }), { maxLength: 3 })
  .map((all) =>
    all.flatMap(({ name, value }, index) => [
      { tool_calls: [{ index, id: `call_${index}`, function: { name, arguments: '' } }] },
      ...(JSON.stringify(value).match(/[\s\S]{1,5}/g) ?? []).map((text) => ({
        tool_calls: [{ index, function: { arguments: text } }],
      })),
    ]),
  );
const chunks = fc
  .tuple(fc.array(delta), calls, fc.constantFrom('stop', 'length', 'tool_calls'))
  .map(([deltas, called, finish_reason]) => [
    ...[...deltas, ...called].map((each) => ({ choices: [{ index: 0, delta: each }] })),
    { choices: [{ index: 0, delta: {}, finish_reason }] },
  ]);

/** The content that a client puts together from the events of a stream. */
function gathered(events: readonly Event[]): readonly unknown[] {
  const blocks: JsonBody[] = [];
  const inputs: string[] = [];
  for (const { type, index, content_block: block, delta: more } of events) {
    const at = Number(index);
    if (type === 'content_block_start' && isObject(block)) blocks[at] = block;
    if (type !== 'content_block_delta' || !isObject(more)) continue;
    const { text, thinking, partial_json: json } = more;
    const known = blocks[at] ?? {};
    if (typeof text === 'string') blocks[at] = { ...known, text: `${known.text}${text}` };
    if (typeof thinking === 'string') {
      blocks[at] = { ...known, thinking: `${known.thinking}${thinking}` };
    }
    if (typeof json === 'string') inputs[at] = (inputs[at] ?? '') + json;
  }
  return blocks.map((block, at) => {
    const json = inputs[at];
    return json === undefined ? block : { ...block, input: JSON.parse(json) };
  });
}

/** How many blocks there are, each of which has its own place and begins when the one before has ended. */
function blocksInTurn(events: ReturnType<typeof eventsOf>): number {
  let open = -1;
  for (const { type, index } of events.filter((event) => event.type.startsWith('content_block'))) {
    if (type === 'content_block_start') open += 1;
    expect(index).toBe(open);
  }
  return open + 1;
}

describe('a message that is told from a chat', () => {
  it('is the same wherever the stream was cut into pieces', () => {
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(), { maxLength: 12 }), (said, cuts) => {
        const bytes = Buffer.from(sse(said));
        const places = [...cuts.map((cut) => cut % bytes.length), 0, bytes.length];
        const sorted = places.sort((left, right) => left - right);
        const pieces = sorted.slice(1).map((end, place) => bytes.subarray(sorted[place], end));
        expect(toldOf(pieces)).toBe(toldOf([bytes]));
      }),
    );
  });

  it('is told in blocks, one after the other, that add up to the whole', () => {
    fc.assert(
      fc.property(chunks, (said) => {
        const events = eventsOf(toldOf([Buffer.from(sse(said))]));
        const types = events.map(({ type }) => type);
        expect(types[0]).toBe('message_start');
        expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
        const stops = types.filter((type) => type === 'content_block_stop');
        expect(stops).toHaveLength(blocksInTurn(events));
        // Said at once, it is the same.
        const whole = telling();
        for (const chunk of said) whole.event(JSON.stringify(chunk));
        const { content } = JSON.parse(whole.whole('{}') ?? '{}');
        expect(gathered(events)).toEqual(content);
      }),
    );
  });

  it('throws at nothing that is JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (said) => {
        for (const dialect of [messageFromChatDialect({ model: 'm' }), messageDialect()]) {
          const made = telling(dialect);
          for (const data of said) if (made.read(data).kind === 'answer') made.event(data);
          made.endEarly({ data: '{}', notice: 'x', usage: undefined });
          eventsOf(made.done());
        }
      }),
    );
  });

  it.each([
    [{ content: 'x' }, 'stop', 'end_turn'],
    [{ content: 'x' }, 'length', 'max_tokens'],
    [{ content: 'x' }, 'content_filter', 'refusal'],
    [{ refusal: 'x' }, 'stop', 'refusal'],
    [{ tool_calls: [{ function: { name: 'f' } }] }, 'stop', 'tool_use'],
    [{ tool_calls: [{ function: { name: 'f' } }] }, 'tool_calls', 'tool_use'],
  ])('of %j that ends with %s stops for %s', (message, finish_reason, stop_reason) => {
    const told = telling().whole(JSON.stringify({ choices: [{ message, finish_reason }] }));
    expect(JSON.parse(told ?? '')).toMatchObject({ stop_reason });
  });

  it('gives a call’s words where they are no object', () => {
    const tool_calls = [{ function: { name: 'f', arguments: 'no JSON' } }];
    const told = telling().whole(JSON.stringify({ choices: [{ message: { tool_calls } }] }));
    expect(JSON.parse(told ?? '')).toMatchObject({
      content: [{ type: 'tool_use', input: { arguments: 'no JSON' } }],
    });
  });

  it('counts what was cached beside the rest of the prompt', () => {
    const usage = {
      ...{ prompt_tokens: 10, completion_tokens: 2 },
      prompt_tokens_details: { cached_tokens: 4 },
    };
    const told = telling().whole(JSON.stringify({ choices: [], usage }));
    expect(JSON.parse(told ?? '')).toMatchObject({
      usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 2 },
    });
  });
});

describe('a message of an upstream that has the API', () => {
  it('has the counts of its beginning at its end', () => {
    const made = telling(messageDialect());
    const start = { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 1 };
    const first = made.read(JSON.stringify({ type: 'message_start', message: { usage: start } }));
    expect(first).toMatchObject({ answer: { usage: { promptTokens: 10 } } });
    const delta = { stop_reason: 'tool_use' };
    const end = { type: 'message_delta', delta, usage: { output_tokens: 7, input_tokens: null } };
    expect(made.read(JSON.stringify(end))).toMatchObject({
      answer: {
        finishReason: 'tool_calls',
        usage: { promptTokens: 10, completionTokens: 7, cachedPromptTokens: 4 },
      },
    });
  });

  it('is ended within a block by closing that', () => {
    const made = telling(messageDialect());
    made.event(JSON.stringify({ type: 'content_block_start', index: 2, content_block: {} }));
    const told = made.endEarly({ data: '{}', notice: 'x', usage: undefined }) + made.done();
    expect(eventsOf(told)).toMatchObject([
      { type: 'content_block_stop', index: 2 },
      { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, x_aisbf: { notice: 'x' } },
      { type: 'message_stop' },
    ]);
  });

  it('counts words, calls and thoughts, each block by itself', () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Yes' },
      { type: 'tool_use', name: 'f', input: { a: 1 } },
    ];
    const body = { type: 'message', content, stop_reason: 'max_tokens' };
    expect(messageDialect().readWhole(JSON.stringify(body))).toMatchObject({
      answer: {
        pieces: [
          { choice: 0, kind: 'reasoning', text: 'Hm.' },
          { choice: 1, kind: 'completion', text: 'Yes' },
          { choice: 2, kind: 'completion', text: 'f{"a":1}' },
        ],
        finishReason: 'length',
      },
    });
    expect(messageDialect().readWhole('{"type":"message"}')).toEqual({ kind: 'garbage' });
  });

  it('tells an error for one', () => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'No.' } };
    expect(telling(messageDialect()).read(JSON.stringify(overloaded))).toMatchObject({
      kind: 'error',
    });
  });
});
