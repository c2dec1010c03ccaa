import { describe, expect, it } from '@jest/globals';
import { PresenceEvent, PresenceSnapshot, SessionPresence } from './presence.js';

/** As the first version of the broker tells it. */
const first = {
  sessionId: 's',
  epoch: 3,
  providerId: '11111111-1111-4111-8111-111111111111',
  ownerId: '22222222-2222-4222-8222-222222222222',
  username: 'anna',
  clientId: 'desk',
  connectedAtMs: 5,
  state: 'serving',
  models: [{ name: 'llama', contextTokensMax: null }],
  hardware: null,
  frameBytesMax: 1_048_576,
  inFlight: 0,
  inFlightMax: 4,
  queued: 0,
};
const from = { brokerId: 'b', incarnation: 'i', sequence: 1 };

describe('presence of another version', () => {
  it('is read when it is older and lacks what was added since', () => {
    expect(SessionPresence.parse(first)).toEqual(first);
  });

  it('is read when it is newer, without what nobody here knows', () => {
    const newer = {
      ...first,
      mood: 'fine',
      models: [{ ...first.models[0], colour: 'red' }],
      hardware: { gpuCount: 1, vramMb: 1, vramMbFree: 1, fans: 2 },
      measured: { requests: 1, successRate: 1, firstMs: null, chunksPerSecond: null, joy: 1 },
    };
    const known = {
      ...first,
      hardware: { gpuCount: 1, vramMb: 1, vramMbFree: 1 },
      measured: { requests: 1, successRate: 1, firstMs: null, chunksPerSecond: null },
    };
    const event = { type: 'session-up', ...from, session: newer, because: 'x' };
    expect(PresenceEvent.parse(event)).toEqual({ type: 'session-up', ...from, session: known });
    const page = { ...from, url: 'http://b:1', page: 0, pages: 1 };
    const snapshot = { type: 'presence-snapshot', ...page, sessions: [newer], hint: 1 };
    expect(PresenceSnapshot.parse(snapshot).sessions).toEqual([known]);
  });

  it.each([
    ['a fact of another kind', { models: [{ ...first.models[0], inputs: 'image' }] }],
    ['a measure out of bounds', { measured: { requests: 0, successRate: 2 } }],
    ['an endpoint that is no path', { endpoints: ['https://elsewhere/v1/audio'] }],
  ])('is refused with %s', (_what, changes) => {
    expect(SessionPresence.safeParse({ ...first, ...changes }).success).toBe(false);
  });
});
