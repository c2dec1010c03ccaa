import type { Principal } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { brokerFaults } from '../domain/broker-faults.js';
import { BrokerEvents } from '../events.js';
import type { Session } from './session.js';
import { Sessions } from './sessions.js';

/** The most sessions that one answer lists. */
const sessionsMax = 1_000;

/** What owners see of their workers at this instance, and operators of all. */
@Injectable()
export class WorkerView {
  constructor(
    private readonly sessions: Sessions,
    private readonly events: BrokerEvents,
  ) {}

  list(principal: Principal) {
    const own = [...this.sessions.all()].filter(({ identity }) => isOwn(principal, identity));
    return { sessions: own.slice(0, sessionsMax).map(describe), count: own.length };
  }

  /** By the provider's id, or by its name for its owner. */
  status(principal: Principal, provider: string) {
    const isIt = (subject: Readonly<{ providerId: string; providerName: string }>): boolean =>
      subject.providerId === provider || subject.providerName === provider;
    const sessions = [...this.sessions.all()].filter(
      ({ identity }) => isOwn(principal, identity) && isIt(identity),
    );
    const events = this.events.ownerEvents.find(
      (subject) => isIt(subject) && isOwn(principal, subject),
    );
    if (sessions.length === 0 && events.length === 0) throw brokerFaults.PROVIDER_MISSING();
    const isConnected = sessions.some((session) => session.presence() !== undefined);
    return {
      provider_id: provider,
      connected: isConnected,
      sessions: sessions.map(describe),
      events,
    };
  }
}

/** Usernames are unique, and an owner's name is its user's. */
function isOwn(principal: Principal, subject: Readonly<{ username: string }>): boolean {
  return principal.role === 'operator' || principal.username === subject.username;
}

function describe(session: Session) {
  const { identity } = session;
  return {
    session_id: session.id,
    provider_id: identity.providerName,
    client_id: identity.clientId,
    username: identity.username,
    connected_at_ms: session.connectedAtMs,
    ...session.description(),
    presence: session.presence() ?? null,
  };
}
