import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type SessionEvent, type SessionState, stepSession } from './session-state.js';

const times = { registerWaitMs: 30_000, suspectAfterMs: 15_000, closeAfterMs: 75_000 };
const step = (state: SessionState, event: SessionEvent) => stepSession(state, event, times);
const greeting: SessionState = { name: 'greeting', openedAtMs: 0 };
const serving: SessionState = { name: 'serving' };
const passed = (nowMs: number, heardAtMs = 0): SessionEvent => ({
  type: 'time-passed',
  nowMs,
  heardAtMs,
});

const anyEvent = fc.oneof(
  fc.constantFrom<SessionEvent>(
    { type: 'register-accepted' },
    { type: 'heard' },
    { type: 'drain-begun' },
    { type: 'ended', reason: 'superseded' },
    { type: 'ended', reason: 'worker_left' },
  ),
  fc.tuple(fc.nat(200_000), fc.nat(200_000)).map(([now, heard]) => passed(now, heard)),
);

describe(stepSession, () => {
  it('serves only after an accepted register', () => {
    expect(step(greeting, { type: 'heard' })).toBe(greeting);
    expect(step(greeting, { type: 'register-accepted' })).toEqual(serving);
    expect(step(greeting, passed(30_000, 29_000))).toMatchObject({ code: 1008 });
  });

  it('doubts a silent worker, believes it when it speaks, and gives it up at last', () => {
    expect(step(serving, passed(14_999))).toBe(serving);
    const suspect = step(serving, passed(15_000));
    expect(suspect).toEqual({ name: 'suspect' });
    expect(step(suspect, { type: 'heard' })).toEqual(serving);
    expect(step(suspect, passed(75_000))).toMatchObject({ name: 'closed', reason: 'silent' });
  });

  it('does not serve again once it drains', () => {
    const draining = step(serving, { type: 'drain-begun' });
    for (const event of [{ type: 'heard' }, { type: 'register-accepted' }] as const) {
      expect(step(draining, event)).toBe(draining);
    }
    expect(step(greeting, { type: 'drain-begun' })).toMatchObject({ code: 1001 });
  });

  it('stays closed for the first reason, whatever comes later', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        const closed = step(serving, { type: 'ended', reason: 'revoked' });
        expect(events.reduce(step, closed)).toBe(closed);
        expect(closed).toEqual({ name: 'closed', code: 4003, reason: 'revoked' });
      }),
    );
  });

  it('reaches serving by a register only', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        let state: SessionState = greeting;
        let hasRegistered = false;
        for (const event of events) {
          hasRegistered ||= event.type === 'register-accepted';
          state = step(state, event);
          if (state.name === 'serving' || state.name === 'suspect')
            expect(hasRegistered).toBe(true);
        }
      }),
    );
  });
});
