import { PresenceEvent, PresenceSnapshot, type SessionPresence } from '@aisbf/contracts';
import type { Presence } from '@aisbf/router';

const brokerId = 'broker-1';
const incarnation = 'first';
const url = 'http://127.0.0.1:7003';
const pageSessions = 200;

/** What brokers say of these workers, read and applied as it comes from the bus: nothing is shared between two. */
export function tellPresence(presence: Presence, sessions: readonly SessionPresence[]): void {
  const from = { brokerId, incarnation, sequence: 0 };
  const nowMs = Date.now();
  presence.onEvent({ type: 'broker-beat', ...from, url, isDraining: false }, nowMs);
  const pages = Math.max(1, Math.ceil(sessions.length / pageSessions));
  for (let page = 0; page < pages; page += 1) {
    const told = sessions.slice(page * pageSessions, (page + 1) * pageSessions);
    const text = JSON.stringify({
      ...{ type: 'presence-snapshot', ...from, url, page, pages },
      sessions: told,
    });
    presence.onSnapshot(PresenceSnapshot.parse(JSON.parse(text)), nowMs);
  }
}

/** A worker's news, from its text to the map. */
export function tellNews(presence: Presence, session: SessionPresence, sequence: number): void {
  const text = JSON.stringify({
    ...{ type: 'session-up', brokerId, incarnation, sequence },
    session,
  });
  presence.onEvent(PresenceEvent.parse(JSON.parse(text)), Date.now());
}
