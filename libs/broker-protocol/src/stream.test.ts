import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Answer } from './answer.js';
import type { Chunk } from './chunk.js';
import { readFrameFromWorker } from './frame-from-worker.js';
import { type Relay, type RequestLife, stepRequest } from './request-life.js';

/** What the buyer's side gets from answers in this order. */
function relayed(answers: readonly Answer[]) {
  let life: RequestLife = { name: 'dispatched' };
  const relay: Relay[] = [];
  for (const answer of answers) {
    const step = stepRequest(life, answer);
    life = step.life;
    relay.push(...step.relay);
  }
  const bytes = relay.flatMap((step) => (step.type === 'bytes' ? [step.bytes] : []));
  const kinds = relay.map(({ type }) => type).filter((type) => type !== 'bytes');
  return { text: Buffer.concat(bytes).toString(), kinds, relay };
}

const chunks = (list: readonly Chunk[]): Answer[] =>
  list.map((chunk) => ({ type: 'chunks', chunks: [chunk], sequence: null }));
const end: Answer = { type: 'end', chunks: [], reply: null };
const event = (content: string) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

const stream = fc
  .record({
    contents: fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 6 }),
    comment: fc.constantFrom('', ': warming up\n\n', 'event: message\n'),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    end: fc.constantFrom(
      'data: [DONE]\n\n',
      'data:[DONE]\n\n',
      'data: [DONE]\n',
      'data: [DONE]',
      '',
    ),
  })
  .map(({ contents, comment, lineEnd, end: ending }) => {
    const events = comment + contents.map(event).join('');
    const wire = (text: string) => text.replaceAll('\n', lineEnd);
    return { whole: wire(events + ending), events: wire(events) };
  });

/** Cuts a sequence at any places. */
function cut<Whole extends { slice: (from: number, to?: number) => Whole; length: number }>(
  whole: Whole,
  places: readonly number[],
): Whole[] {
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [...sorted, whole.length].map((place, index) =>
    whole.slice(sorted[index - 1] ?? 0, place),
  );
}

const places = fc.array(fc.nat(), { maxLength: 30 });

describe('a stream in the first form', () => {
  it('is the same however its text is cut, also within characters, with exactly one [DONE]', () => {
    fc.assert(
      fc.property(stream, places, ({ whole, events }, at) => {
        const pieces = cut(whole, at).map((text): Chunk => ({ type: 'text', text }));
        const { text, kinds } = relayed([...chunks(pieces), end]);
        expect(text).toBe(`${events}data: [DONE]\n\n`);
        expect(kinds).toEqual(['stream-start', 'stream-end']);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same however its bytes are cut', () => {
    fc.assert(
      fc.property(stream, places, ({ whole, events }, at) => {
        const pieces = cut(Buffer.from(whole), at).map(
          (bytes): Chunk => ({ type: 'bytes', bytes }),
        );
        const { text, kinds } = relayed([...chunks(pieces), end]);
        expect(text).toBe(`${events}data: [DONE]\n\n`);
        expect(kinds).toEqual(['stream-start', 'stream-end']);
      }),
      { numRuns: 1000 },
    );
  });

  it('passes on each event as soon as it is complete', () => {
    const { text } = relayed(chunks([{ type: 'text', text: event('a') + event('b') }]));
    expect(text).toBe(event('a') + event('b'));
  });

  it('passes on nothing after the end, whatever still comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...chunks([{ type: 'text', text: event('x') }]), end)),
        (late) => {
          const { text } = relayed([...chunks([{ type: 'text', text: event('a') }]), end, ...late]);
          expect(text).toBe(`${event('a')}data: [DONE]\n\n`);
        },
      ),
    );
  });

  it.each([
    ['in the middle of an event', [event('a'), 'data: {"choices":[{"del']],
    ['by an error event', [event('a'), 'data: {"error":{"message":"gone"}}\n\n']],
    ['by an error event and a [DONE]', [event('a'), 'data: {"error":"x"}\n\ndata: [DONE]\n\n']],
  ])('has no [DONE] where it was cut %s', (_, texts) => {
    const { text, kinds } = relayed([
      ...chunks(texts.map((piece): Chunk => ({ type: 'text', text: piece }))),
      end,
    ]);
    expect(text).not.toContain('[DONE]');
    expect(kinds).toEqual(['stream-start', 'failed']);
  });

  it('does not take a null error for one', () => {
    const piece = 'data: {"error":null,"choices":[]}\n\n';
    expect(relayed([...chunks([{ type: 'text', text: piece }]), end]).kinds).toEqual([
      'stream-start',
      'stream-end',
    ]);
  });

  it('is an error, never a stream, where its first event is one, however it is cut', () => {
    const error = '{"error":{"message":"too long","code":"context_length_exceeded"}}';
    fc.assert(
      fc.property(fc.constantFrom('', 'data: ', ': wait\n\ndata: '), places, (prefix, at) => {
        const pieces = cut(`${prefix}${error}${prefix && '\n\n'}`, at);
        const { relay } = relayed([
          ...chunks(pieces.map((text): Chunk => ({ type: 'text', text }))),
          end,
        ]);
        expect(relay).toMatchObject([{ type: 'whole', reply: { status: 400 } }]);
      }),
    );
  });

  it('is a failure where it held nothing', () => {
    expect(relayed([end]).relay).toMatchObject([
      { type: 'failed', failure: { reason: 'stream_empty' } },
    ]);
  });

  it('must be numbered without gaps where it is numbered', () => {
    const numbered = (...sequence: number[]): Answer[] =>
      sequence.map((number) => ({
        type: 'chunks',
        chunks: [{ type: 'text', text: event(String(number)) }],
        sequence: number,
      }));
    expect(relayed([...numbered(4, 5, 6), end]).kinds).toEqual(['stream-start', 'stream-end']);
    for (const broken of [numbered(1, 3), numbered(2, 2), numbered(2, 1)]) {
      expect(relayed([...broken, end]).kinds).toEqual(['stream-start', 'failed']);
    }
  });
});

describe('base64', () => {
  const chunkFrame = (chunk: unknown) =>
    readFrameFromWorker(JSON.stringify({ request_id: 'r', event: 'chunk', payload: { chunk } }));

  it('gives the bytes back that went in, in both forms', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const data = Buffer.from(bytes).toString('base64');
        for (const chunk of [{ data_base64: data }, { encoding: 'base64', data }]) {
          const frame = chunkFrame(chunk);
          expect(frame).toMatchObject({ answer: { chunks: [{ bytes: Buffer.from(bytes) }] } });
        }
      }),
    );
  });

  it('is refused where it holds anything else', () => {
    expect(chunkFrame({ data_base64: 'YW Jj!!' })).toMatchObject({ answer: { type: 'malformed' } });
  });
});
