import { randomUUID } from 'node:crypto';
import {
  AskPresence,
  PresenceHello,
  type PresenceSnapshot,
  type SessionPresence,
  subjects,
} from '@aisbf/contracts';
import type { NatsBus } from '@aisbf/platform';

export type FakeBroker = ReturnType<typeof startFakeBroker>;

const pageMax = 2;

/** A broker on NATS that says what the test has it say, numbered as a real one does. */
export function startFakeBroker(
  bus: NatsBus,
  brokerId = `broker-${randomUUID().slice(0, 8)}`,
  url = 'http://127.0.0.1:9',
) {
  const incarnation = randomUUID();
  const sessions = new Map<string, SessionPresence>();
  let sequence = 0;
  let snapshots = 0;

  const from = () => ({ brokerId, incarnation, sequence });
  const publish = (event: object) => bus.publish(subjects.presenceEvent, event);
  const beat = (isDraining = false) => publish({ type: 'broker-beat', ...from(), url, isDraining });
  const reply = (subject: string) => {
    snapshots += 1;
    const all = [...sessions.values()];
    const pages = Math.max(1, Math.ceil(all.length / pageMax));
    for (let page = 0; page < pages; page += 1) {
      const snapshot: PresenceSnapshot = {
        type: 'presence-snapshot',
        ...from(),
        url,
        page,
        pages,
        sessions: all.slice(page * pageMax, (page + 1) * pageMax),
      };
      bus.publish(subject, snapshot);
    }
  };
  const subscriptions = [
    bus.subscribe(subjects.presenceHello, PresenceHello, () => beat()),
    bus.subscribe(subjects.presenceSnapshot(brokerId), AskPresence, (_ask, to) => {
      if (to !== undefined) reply(to);
    }),
  ];
  const timer = setInterval(beat, 200);
  beat();

  return {
    brokerId,
    url,
    beat,
    snapshots: () => snapshots,
    /** Announces a session; `isLost` is a message that never arrives. */
    up: (session: SessionPresence, { isLost = false } = {}) => {
      sessions.set(session.sessionId, session);
      sequence += 1;
      if (!isLost) publish({ type: 'session-up', ...from(), session });
    },
    down: (sessionId: string) => {
      sessions.delete(sessionId);
      sequence += 1;
      publish({ type: 'session-down', ...from(), sessionId, reason: 'closed' });
    },
    /** Dies without a word. */
    stop: () => {
      clearInterval(timer);
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
