import type { SessionPresence } from '@aisbf/contracts';

/** A live session and where it can be reached. */
export type PresentSession = Readonly<{
  session: SessionPresence;
  brokerId: string;
  brokerUrl: string;
}>;

/** One worker's identity: its provider and client id. Of its connections only the newest is real. */
type Identity = { epochMax: number; connections: Map<string, PresentSession> };

/**
 * Sessions by provider. A connection that was overtaken by a newer one of the same identity never comes
 * back, not even when the newer one has ended before the old one's end was heard of.
 */
export class SessionIndex {
  private readonly byProvider = new Map<string, Map<string, Identity>>();
  private readonly byConnection = new Map<string, PresentSession>();
  private readonly visible = new Map<string, readonly PresentSession[]>();

  get count(): number {
    return this.byConnection.size;
  }

  /** How many workers could be given a request: serving, and known to have a model. */
  get routableCount(): number {
    let count = 0;
    for (const identities of this.byProvider.values()) {
      for (const identity of identities.values()) {
        const session = newest(identity)?.session;
        if (session?.state === 'serving' && session.models.length > 0) count += 1;
      }
    }
    return count;
  }

  sessionsOf(providerId: string): readonly PresentSession[] {
    const known = this.visible.get(providerId);
    if (known) return known;
    const identities = this.byProvider.get(providerId);
    if (!identities) return [];
    const found = [...identities.values()].flatMap((identity) => newest(identity) ?? []);
    this.visible.set(providerId, found);
    return found;
  }

  put(session: SessionPresence, brokerId: string, brokerUrl: string): void {
    const connection = connectionKey(brokerId, session.sessionId);
    const earlier = this.byConnection.get(connection);
    if (earlier && !isSameIdentity(earlier.session, session))
      this.remove(brokerId, session.sessionId);
    const identity = this.identityOf(session);
    identity.epochMax = Math.max(identity.epochMax, session.epoch);
    const present = { session, brokerId, brokerUrl };
    identity.connections.set(connection, present);
    this.byConnection.set(connection, present);
    this.visible.delete(session.providerId);
  }

  remove(brokerId: string, sessionId: string): void {
    const connection = connectionKey(brokerId, sessionId);
    const present = this.byConnection.get(connection);
    if (!present) return;
    const { providerId, clientId } = present.session;
    this.byConnection.delete(connection);
    this.visible.delete(providerId);
    const identities = this.byProvider.get(providerId);
    const identity = identities?.get(clientId);
    identity?.connections.delete(connection);
    if (identity?.connections.size === 0) identities?.delete(clientId);
    if (identities?.size === 0) this.byProvider.delete(providerId);
  }

  private identityOf({ providerId, clientId, epoch }: SessionPresence): Identity {
    const identities = this.byProvider.get(providerId) ?? new Map<string, Identity>();
    this.byProvider.set(providerId, identities);
    const identity = identities.get(clientId) ?? { epochMax: epoch, connections: new Map() };
    identities.set(clientId, identity);
    return identity;
  }
}

function newest({ epochMax, connections }: Identity): PresentSession | undefined {
  let best: PresentSession | undefined;
  for (const present of connections.values()) {
    const isReal = present.session.epoch === epochMax;
    if (isReal && (!best || connectedLater(present, best))) best = present;
  }
  return best;
}

/** Two brokers that gave the same epoch: the later connection, then any fixed order. */
function connectedLater({ session: left }: PresentSession, { session: right }: PresentSession) {
  if (left.connectedAtMs !== right.connectedAtMs) return left.connectedAtMs > right.connectedAtMs;
  return left.sessionId > right.sessionId;
}

function isSameIdentity(left: SessionPresence, right: SessionPresence): boolean {
  return left.providerId === right.providerId && left.clientId === right.clientId;
}

function connectionKey(brokerId: string, sessionId: string): string {
  return `${brokerId}\n${sessionId}`;
}
