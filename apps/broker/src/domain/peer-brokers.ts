import type { PresenceEvent } from '@aisbf/contracts';

type Peer = Readonly<{
  incarnation: string;
  /** The number up to which nothing of it was missed; undefined until it has told of all its sessions. */
  sequence: number | undefined;
}>;

/** More instances than one installation ever runs at once, those included that have been replaced. */
const peersMax = 256;

/**
 * The other instances, and whether all that they have said was heard. Whoever was missed is asked for
 * everything, and again at each of its beats until it has answered.
 */
export class PeerBrokers {
  private readonly peers = new Map<string, Peer>();

  /** Takes note of an event; true where its broker must be asked for all of its sessions. */
  isMissedBy(event: PresenceEvent): boolean {
    const { brokerId, incarnation, sequence, type } = event;
    const peer = this.peers.get(brokerId);
    if (peer?.incarnation !== incarnation) {
      this.put(brokerId, { incarnation, sequence: undefined });
      return true;
    }
    const isBeat = type === 'broker-beat';
    if (peer.sequence === undefined) return isBeat;
    const expected = isBeat ? peer.sequence : peer.sequence + 1;
    if (sequence <= expected) {
      if (sequence === expected) this.put(brokerId, { incarnation, sequence });
      return false;
    }
    this.put(brokerId, { incarnation, sequence: undefined });
    return true;
  }

  /** Everything up to this number was told in a snapshot. */
  told({
    brokerId,
    incarnation,
    sequence,
  }: Readonly<{ brokerId: string; incarnation: string; sequence: number }>): void {
    this.put(brokerId, { incarnation, sequence });
  }

  private put(brokerId: string, peer: Peer): void {
    this.peers.delete(brokerId);
    this.peers.set(brokerId, peer);
    const [oldest] = this.peers.keys();
    if (this.peers.size > peersMax && oldest !== undefined) this.peers.delete(oldest);
  }
}
