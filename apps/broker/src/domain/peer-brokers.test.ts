import type { PresenceEvent } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { PeerBrokers } from './peer-brokers.js';

const down = (sequence: number, incarnation = 'one'): PresenceEvent => ({
  type: 'session-down',
  brokerId: 'b',
  incarnation,
  sequence,
  sessionId: 's',
  reason: 'r',
});
const beat = (sequence: number, incarnation = 'one'): PresenceEvent => ({
  type: 'broker-beat',
  brokerId: 'b',
  incarnation,
  sequence,
  url: 'http://b',
  isDraining: false,
});

describe(PeerBrokers, () => {
  it('asks whoever is new, and at each beat until it has answered', () => {
    const peers = new PeerBrokers();
    expect(peers.isMissedBy(down(7))).toBe(true);
    expect(peers.isMissedBy(down(8))).toBe(false);
    expect(peers.isMissedBy(beat(8))).toBe(true);
    peers.told({ brokerId: 'b', incarnation: 'one', sequence: 8 });
    expect(peers.isMissedBy(beat(8))).toBe(false);
    expect(peers.isMissedBy(beat(8, 'two'))).toBe(true);
  });

  it('asks again where a number is missing, and only then', () => {
    const peers = new PeerBrokers();
    peers.told({ brokerId: 'b', incarnation: 'one', sequence: 8 });
    expect(peers.isMissedBy(down(8))).toBe(false);
    expect(peers.isMissedBy(down(9))).toBe(false);
    expect(peers.isMissedBy(beat(9))).toBe(false);
    expect(peers.isMissedBy(down(11))).toBe(true);
    peers.told({ brokerId: 'b', incarnation: 'one', sequence: 11 });
    expect(peers.isMissedBy(beat(12))).toBe(true);
  });
});
