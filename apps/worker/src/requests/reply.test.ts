import type { WorkerFrame } from '@aisbf/broker-protocol';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Reply } from './reply.js';
import { plainTerms } from './terms.js';

const pace = { pendingAfterMs: 250, pendingEveryMs: 30_000, windowWaitMsMax: 60_000 };

function open() {
  const frames: WorkerFrame[] = [];
  const send = (frame: WorkerFrame) => void frames.push(frame);
  const sink = { send, writable: async () => {}, terms: plainTerms, frameBytesMax: 65_536 };
  const events = () => frames.map(({ event, status }) => event ?? status);
  return {
    reply: new Reply('r', sink, pace),
    events,
  };
}

describe(Reply, () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('spares a quick answer the pending frame', () => {
    const { reply, events } = open();
    jest.advanceTimersByTime(249);
    reply.answer({ status_code: 200, headers: {}, content_type: 'application/json', body: '{}' });
    jest.advanceTimersByTime(1e6);
    expect(events()).toEqual(['ok']);
    expect(reply.outcome).toBe('200');
  });

  it('is pending after a moment, and again whenever it was silent for long', async () => {
    const { reply, events } = open();
    jest.advanceTimersByTime(250 + 30_000);
    await reply.piece('x');
    jest.advanceTimersByTime(29_999);
    expect(events()).toEqual(['pending', 'pending', 'chunk']);
    jest.advanceTimersByTime(1);
    reply.done();
    expect(events()).toEqual(['pending', 'pending', 'chunk', 'pending', 'done']);
  });

  it('ends once, and says nothing after its end', async () => {
    const { reply, events } = open();
    reply.done();
    reply.done();
    reply.error({ code: 'x', message: 'y', status: 500 });
    await reply.piece('z');
    expect(events()).toEqual(['done']);
  });

  it('says nothing once nobody listens', () => {
    const { reply, events } = open();
    reply.abandon();
    reply.done();
    jest.advanceTimersByTime(1e6);
    expect(events()).toEqual([]);
    expect(reply.outcome).toBe('abandoned');
  });
});
