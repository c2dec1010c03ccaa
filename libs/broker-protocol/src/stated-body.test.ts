import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Answer } from './answer.js';
import { type Relay, type RequestLife, stepRequest } from './request-life.js';

const head = { status: 206, contentType: 'video/mp4', filename: null };

/** What the reader gets of an answer in pieces, and how it ends. */
function relayed(pieces: readonly Buffer[], contentLength: number | null, last: Answer) {
  let life: RequestLife = { name: 'pending' };
  const relay: Relay[] = [];
  const answers = pieces.map((bytes, sequence): Answer => {
    const chunks = [{ type: 'bytes', bytes } as const];
    const more = sequence === 0 ? { head: { ...head, contentLength } } : {};
    return { type: 'chunks', chunks, sequence, ...more };
  });
  for (const answer of [...answers, last]) {
    const step = stepRequest(life, answer);
    life = step.life;
    relay.push(...step.relay);
  }
  const bytes = relay.flatMap((step) => (step.type === 'bytes' ? [step.bytes] : []));
  return { bytes: Buffer.concat(bytes), first: relay[0], last: relay.at(-1)?.type, life };
}

const end: Answer = { type: 'end', chunks: [], reply: null };
const error: Answer = {
  type: 'error',
  error: { code: 'stream_error', message: 'm', status: 502 },
};
const pieces = fc
  .array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 6 })
  .map((arrays) => arrays.map((array) => Buffer.from(array)));

describe('an answer in pieces', () => {
  it('arrives byte by byte with its own head, whether or not that says how long it is', () => {
    const property = fc.property(pieces, fc.boolean(), (sent, isStated) => {
      const whole = Buffer.concat(sent);
      const contentLength = isStated ? whole.length : null;
      const got = relayed(sent, contentLength, end);
      expect(got.first).toEqual({
        type: 'stream-start',
        contentType: 'video/mp4',
        head: { ...head, contentLength },
      });
      expect(got.bytes).toEqual(whole);
      expect(got.last).toBe('stream-end');
    });
    fc.assert(property);
  });

  it('that is cut never looks complete, not even where only the end was missing', () => {
    const property = fc.property(pieces, (sent) => {
      const whole = Buffer.concat(sent);
      const got = relayed(sent, whole.length, error);
      expect(got.last).toBe('failed');
      if (whole.length > 0) expect(got.bytes.length).toBeLessThan(whole.length);
    });
    fc.assert(property);
  });

  it('that is shorter or longer than its head says has failed', () => {
    const property = fc.property(pieces, fc.integer({ min: -20, max: 20 }), (sent, wrong) => {
      const stated = Buffer.concat(sent).length + wrong;
      fc.pre(wrong !== 0 && stated >= 0);
      const got = relayed(sent, stated, end);
      expect(got.last).toBe('failed');
      expect(got.bytes.length).toBeLessThanOrEqual(Math.max(0, stated));
      if (wrong < 0) expect(got.bytes.length).toBeLessThan(Math.max(1, stated));
    });
    fc.assert(property);
  });

  it('has one head, and its pieces in order', () => {
    const piece = (sequence: number, more: object = {}): Answer => ({
      type: 'chunks',
      chunks: [{ type: 'bytes', bytes: Buffer.from('x') }],
      sequence,
      ...more,
    });
    const first = { head: { ...head, contentLength: null } };
    const begun = stepRequest({ name: 'dispatched' }, piece(0, first)).life;
    const failure = (answer: Answer) => stepRequest(begun, answer).relay;
    expect(failure(piece(1, first))).toMatchObject([{ failure: { reason: 'answer_malformed' } }]);
    expect(failure(piece(2))).toMatchObject([{ failure: { reason: 'sequence_broken' } }]);
    const reply = { type: 'reply', reply: { status: 200 } } as Answer;
    expect(failure(reply)).toMatchObject([{ failure: { reason: 'answer_malformed' } }]);
  });

  it('that calls itself a stream of events ends as every such stream', () => {
    const events = { ...head, contentType: 'text/event-stream', contentLength: 9 };
    const chunks = [{ type: 'text', text: 'data: 1\n\n' }] as const;
    const begun = stepRequest(
      { name: 'dispatched' },
      { type: 'chunks', chunks, sequence: 0, head: events },
    );
    expect(begun.relay[0]).toEqual({ type: 'stream-start', contentType: 'text/event-stream' });
    const { relay } = stepRequest(begun.life, end);
    expect(relay).toEqual([
      { type: 'bytes', bytes: Buffer.from('data: [DONE]\n\n') },
      { type: 'stream-end' },
    ]);
  });
});
