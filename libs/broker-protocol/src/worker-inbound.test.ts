import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBrokerFrame } from './worker-inbound.js';

function read(frame: unknown) {
  return readBrokerFrame(JSON.stringify(frame));
}

describe(readBrokerFrame, () => {
  it('takes either form of a registration’s acceptance', () => {
    const frame = { event: 'registered', status: 'ok', session_id: 's', extensions: ['cancel'] };
    expect(read(frame)).toEqual({
      kind: 'registered',
      sessionId: 's',
      extensions: new Set(['cancel']),
    });
    expect(
      read({ event: 'registered', accepted: true, session_id: 's', extensions: { drain: true } }),
    ).toEqual({ kind: 'registered', sessionId: 's', extensions: new Set(['drain']) });
    expect(read({ status: 'ok', request_id: 'reg' })).toEqual({ kind: 'acknowledged' });
  });

  it.each([
    { status: 'error', error: { code: 'c', message: 'm' } },
    { status: 'error', error: 'm', code: 'c' },
    { event: 'registered', accepted: false, code: 'c', message: 'm' },
  ])('reads a refusal from %j', (frame) => {
    expect(read(frame)).toEqual({ kind: 'rejected', code: 'c', message: 'm' });
  });

  it('tells heartbeats from their answers', () => {
    expect(read({ op: 'heartbeat', request_id: 'h' })).toEqual({
      kind: 'heartbeat',
      requestId: 'h',
    });
    expect(read({ event: 'heartbeat', status: 'ok', request_id: 'h' })).toEqual({
      kind: 'acknowledged',
    });
  });

  it('reads work, and whether it is to be streamed, from either place', () => {
    const work = { op: 'chat.completions', request_id: 'r', payload: { model: 'm' } };
    expect(read(work)).toMatchObject({
      kind: 'work',
      isStream: false,
      payloadText: '{"model":"m"}',
    });
    expect(read({ ...work, stream: true })).toMatchObject({ isStream: true });
    expect(read({ ...work, payload: { stream: true } })).toMatchObject({ isStream: true });
    expect(read({ op: 'models.list', request_id: 'r', payload: null })).toMatchObject({
      payload: {},
      payloadText: '{}',
    });
    expect(read({ op: 'cancel', request_id: 'r' })).toEqual({ kind: 'cancel', requestId: 'r' });
  });

  it('never throws', () => {
    const frames = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(fc.property(frames, (text) => expect(readBrokerFrame(text).kind).toBeDefined()));
    const names = [
      'op',
      'event',
      'status',
      'request_id',
      'payload',
      'error',
      'session_id',
      'accepted',
    ];
    const envelopes = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(fc.property(envelopes, (frame) => expect(read(frame).kind).toBeDefined()));
  });
});
