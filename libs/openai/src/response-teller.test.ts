import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isObject, type JsonBody } from './json-body.js';
import { responseToChat } from './response-chat.js';
import { responseDialect, responseFromChatDialect } from './response-dialect.js';
import { SseReader } from './sse-reader.js';
import type { Telling } from './telling.js';

const terms = {
  requestId: 'req_0123456789abcdef0123456789abcdef',
  startedAtMs: 1_000,
  promptTokens: 5,
  outputTokens: () => 3,
};

function telling(body: JsonBody = { model: 'm' }): Telling {
  const made = responseFromChatDialect(body).telling?.(terms);
  if (!made) throw new Error('no telling');
  return made;
}

type Event = Readonly<Record<string, unknown> & { type: string }>;

/** The events of what is told, with their numbers. */
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
  word.map((refusal) => ({ refusal })),
);
const calls = fc
  .array(fc.record({ name: word, pieces: fc.array(word) }), { maxLength: 3 })
  .map((all) =>
    all.flatMap(({ name, pieces }, index) => [
      { tool_calls: [{ index, id: `call_${index}`, function: { name, arguments: '' } }] },
      ...pieces.map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
  );
const chunks = fc
  .tuple(fc.array(delta), calls, fc.constantFrom('stop', 'length', 'tool_calls'))
  .map(([deltas, called, finish_reason]) => [
    ...[...deltas, ...called].map((each) => ({ choices: [{ index: 0, delta: each }] })),
    { choices: [{ index: 0, delta: {}, finish_reason }] },
  ]);

describe('a response that is told from a chat', () => {
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

  it('is told in events that are numbered, end what they begin, and add up to the whole', () => {
    fc.assert(
      fc.property(chunks, (said) => {
        const made = telling();
        const events = eventsOf(toldOf([Buffer.from(sse(said))], made));
        expect(events.map(({ sequence_number: number }) => number)).toEqual(
          events.map((_event, place) => place),
        );
        const added = events.filter(({ type }) => type === 'response.output_item.added').length;
        const done = events.filter(({ type }) => type === 'response.output_item.done');
        expect(done).toHaveLength(added);
        const last = events.at(-1);
        expect(last?.type).toMatch(/^response\.(completed|incomplete)$/);
        expect(JSON.stringify(last?.response)).toBe(made.memory?.());
        const { output } = isObject(last?.response) ? last.response : {};
        expect(output).toEqual(done.map(({ item }) => item));
        expect(saidIn(output)).toBe(saidBy(events));
      }),
    );
  });

  it('is the next turn’s input as it was said', () => {
    fc.assert(
      fc.property(fc.array(word), calls, (texts, called) => {
        const said = [...texts.map((content) => ({ content })), ...called];
        const made = telling();
        toldOf([Buffer.from(sse(said.map((each) => ({ choices: [{ delta: each }] }))))], made);
        const { output } = JSON.parse(made.memory?.() ?? '{}');
        const translated = responseToChat({ model: 'm', input: output });
        const messages = 'chat' in translated ? translated.chat.messages : undefined;
        const list = (Array.isArray(messages) ? messages : []) as JsonBody[];
        expect(list.map(({ content }) => content ?? '').join('')).toBe(texts.join(''));
        const sent = list.flatMap(({ tool_calls: all }) => (all ?? []) as { function: object }[]);
        const names = called.flatMap(({ tool_calls: [one] }) =>
          one && 'name' in one.function ? [one.function.name] : [],
        );
        expect(sent.map(({ function: one }) => (one as { name: string }).name)).toEqual(names);
      }),
    );
  });

  it('throws at nothing that is JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (said) => {
        const made = telling();
        for (const data of said) if (made.read(data).kind === 'answer') made.event(data);
        eventsOf(made.done());
      }),
    );
  });

  it('is garbage where a call goes on behind its end', () => {
    const made = telling();
    const piece = (index: number, id?: string) =>
      JSON.stringify({
        choices: [{ delta: { tool_calls: [{ index, id, function: { arguments: '{' } }] } }],
      });
    for (const data of [piece(0, 'a'), piece(1, 'b')]) {
      expect(made.read(data).kind).toBe('answer');
      made.event(data);
    }
    expect(made.read(piece(0)).kind).toBe('garbage');
  });

  it('tells calls apart that their engine numbers alike', () => {
    const one = (id: string) => ({
      choices: [
        { delta: { tool_calls: [{ index: 0, id, function: { name: 'f', arguments: id } }] } },
      ],
    });
    const made = telling();
    toldOf([Buffer.from(sse([one('a'), one('b')]))], made);
    expect(JSON.parse(made.memory?.() ?? '')).toMatchObject({
      output: [
        { call_id: 'a', arguments: 'a' },
        { call_id: 'b', arguments: 'b' },
      ],
    });
  });

  it('is kept only where that is wished', () => {
    const made = telling({ model: 'm', store: false });
    made.done();
    expect(made.memory?.()).toBeUndefined();
  });

  it('tells a failure after what was said', () => {
    const made = telling();
    made.event(JSON.stringify({ choices: [{ delta: { content: 'Hal' } }] }));
    const error = { message: 'Cut.', type: 'upstream_error', param: null, code: 'stream_cut' };
    expect(eventsOf(made.failed({ error }))).toMatchObject([
      {
        type: 'response.failed',
        response: {
          status: 'failed',
          error: { code: 'stream_cut' },
          output: [{ type: 'message' }],
        },
      },
    ]);
  });
});

describe('a response of an upstream that has the API', () => {
  it('throws at nothing that is JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (said) => {
        const dialect = responseDialect({ model: 'm' });
        const made = dialect.telling?.(terms);
        for (const data of said) {
          if (made?.read(data).kind === 'answer') made.event(data);
          if (dialect.readWhole(data).kind === 'answer') made?.whole(data);
        }
        eventsOf(made?.done() ?? '');
      }),
    );
  });
});

function saidBy(events: readonly Event[]): string {
  return events.map(({ delta: text }) => (typeof text === 'string' ? text : '')).join('');
}

/** Everything that an output says, in its order. */
function saidIn(output: unknown): string {
  const items = (Array.isArray(output) ? output : []) as JsonBody[];
  return items
    .flatMap(({ content, arguments: text }) => {
      const parts = (Array.isArray(content) ? content : []) as JsonBody[];
      return [text, ...parts.flatMap(({ text: words, refusal }) => [words, refusal])];
    })
    .join('');
}
