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
      frameBytesMax: undefined,
    });
    expect(
      read({ event: 'registered', accepted: true, session_id: 's', extensions: { drain: true } }),
    ).toMatchObject({ kind: 'registered', sessionId: 's', extensions: new Set(['drain']) });
    expect(read({ status: 'ok', request_id: 'reg' })).toEqual({ kind: 'acknowledged' });
  });

  it.each([
    { status: 'error', error: { code: 'c', message: 'm' } },
    { status: 'error', error: 'm', code: 'c' },
    { event: 'registered', accepted: false, code: 'c', message: 'm' },
  ])('reads a refusal from %j', (frame) => {
    expect(read(frame)).toEqual({ kind: 'rejected', code: 'c', message: 'm' });
  });

  it.each([
    [{ max_frame_bytes: 1_000_000 }, 1_000_000],
    [{ max_frame_bytes: 10 }, undefined],
    [{ max_frame_bytes: '1000000' }, undefined],
    [{ max_frame_bytes: 1.5e6 + 0.5 }, undefined],
    [[7], undefined],
    [undefined, undefined],
  ])('reads the limits %j of a broker', (limits, frameBytesMax) => {
    const frame = { event: 'registered', status: 'ok', session_id: 's', limits };
    expect(read(frame)).toMatchObject({ frameBytesMax });
  });

  it.each([
    [{ grace_ms: 25_000 }, 25_000],
    [{ grace_ms: -1 }, undefined],
    [{ grace_ms: 1e12 }, undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads a broker’s farewell with %j', (payload, graceMs) => {
    expect(read({ op: 'drain', request_id: 'd', payload })).toEqual({
      kind: 'drain',
      requestId: 'd',
      graceMs,
    });
  });

  it.each([
    [{ read_bytes: 0 }, 0],
    [{ read_bytes: 262_144 }, 262_144],
  ])('reads a window with %j', (payload, readBytes) => {
    const frame = read({ op: 'window', request_id: 'r', payload });
    expect(frame).toEqual({ kind: 'window', requestId: 'r', readBytes });
  });

  it.each([{ read_bytes: -1 }, { read_bytes: 0.5 }, { read_bytes: '1' }, {}, null, 7])(
    'does not read a window with %j',
    (payload) => {
      const frame = read({ op: 'window', request_id: 'r', payload });
      expect(frame).toMatchObject({ kind: 'unreadable' });
    },
  );

  it.each([
    [{ stream_window_bytes: 1_048_576 }, 1_048_576],
    [{ stream_window_bytes: 0 }, undefined],
    [{ stream_window_bytes: 'wide' }, undefined],
  ])('reads the window %j that a broker offers', (limits, streamWindowBytes) => {
    const frame = { event: 'registered', status: 'ok', session_id: 's', limits };
    expect(read(frame)).toMatchObject({ streamWindowBytes });
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
