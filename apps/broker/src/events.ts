import type { CloseReason, UnreadableReason } from '@aisbf/broker-protocol';
import type { AdmitWorker, OwnerEventName, RefusalReason } from '@aisbf/contracts';
import { Clock, Log, Metrics } from '@aisbf/platform';
import type { OwnerEventSink } from './domain/owner-event.js';
import type { WorkerIdentity } from './domain/worker-identity.js';

/** The session that an event is about, as the log shows it. */
export type EventSession = Readonly<{
  id: string;
  epoch: number;
  identity: WorkerIdentity;
}>;

/** Every event of the business has its one home here: log, counter, and the owner's history where it is theirs. */
export class BrokerEvents {
  private readonly opened;
  private readonly closed;
  private readonly refused;
  private readonly frames;
  private readonly calls;
  private readonly ownerEvents;
  private readonly rechecks;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
    private readonly clock: Clock,
    private readonly history: OwnerEventSink,
  ) {
    this.opened = metrics.counter('sessions_opened_total', 'Worker connections admitted.');
    this.closed = metrics.counter('sessions_closed_total', 'Worker connections ended.', ['reason']);
    this.refused = metrics.counter('workers_refused_total', 'Workers not admitted.', ['reason']);
    this.frames = metrics.counter('frames_total', 'Frames from workers.', ['kind']);
    this.calls = metrics.counter('calls_total', 'Requests to workers by how they ended.', [
      'result',
    ]);
    this.ownerEvents = metrics.counter(
      'owner_events_total',
      "Events for owners' histories by what became of them.",
      ['result'],
    );
    this.rechecks = metrics.counter(
      'registration_checks_total',
      'Questions to the router about the registrations of connected workers.',
      ['result'],
    );
  }

  workerRefused(
    claim: Omit<AdmitWorker, 'registrationToken'>,
    reason: RefusalReason | 'too_many_attempts' | 'too_many_takeovers',
    providerId: string | null,
  ): void {
    const { pathUsername, username, providerName, clientId } = claim;
    this.refused.inc({ reason });
    this.log.info({ pathUsername, username, providerName, clientId, reason }, 'worker refused');
    if (providerId === null) return;
    // Whoever came to another owner's address has proved that it belongs to the owner that it named.
    this.history.record(
      { providerId, providerName, username: reason === 'scope_mismatch' ? username : pathUsername },
      {
        atMs: this.clock.nowMs(),
        event: 'worker-refused',
        clientId,
        sessionId: null,
        detail: reason,
      },
    );
  }

  admissionFailed(error: unknown): void {
    this.refused.inc({ reason: 'not_decided' });
    this.log.warn({ error }, 'a worker could not be admitted');
  }

  takeoversDamped(identity: WorkerIdentity): void {
    this.refused.inc({ reason: 'too_many_takeovers' });
    this.tell(
      'takeovers-damped',
      { id: null, identity },
      'more than one machine uses this identity',
    );
  }

  sessionOpened(session: EventSession): void {
    this.opened.inc();
    this.tell('session-opened', session, null);
  }

  sessionRegistered(session: EventSession, detail: string | null): void {
    this.tell('session-registered', session, detail);
  }

  registerRefused(session: EventSession): void {
    this.tell('register-refused', session, 'the token inside the message is another one');
  }

  sessionSuspect(session: EventSession): void {
    this.tell('session-suspect', session, 'silent');
  }

  sessionClosed(session: EventSession, reason: CloseReason, detail: string | null): void {
    this.closed.inc({ reason });
    this.tell('session-closed', session, detail === null ? reason : `${reason}: ${detail}`);
  }

  modelsUnreadable(session: EventSession, detail: string): void {
    this.tell('models-unreadable', session, detail);
  }

  frameUnreadable(session: EventSession, reason: UnreadableReason): void {
    this.frames.inc({ kind: 'unreadable' });
    this.tell('frame-unreadable', session, reason);
  }

  frameOversized(session: EventSession, bytesMax: number): void {
    this.tell('frame-oversized', session, `larger than ${bytesMax} bytes`);
  }

  /** The hot ones: counters only. */
  frameRead(kind: 'register' | 'heartbeat' | 'answer' | 'foreign-op' | 'heartbeat-answer'): void {
    this.frames.inc({ kind });
  }

  answerLate(): void {
    this.frames.inc({ kind: 'late-answer' });
  }

  callEnded(result: string): void {
    this.calls.inc({ result });
  }

  ownerEventStored(): void {
    this.ownerEvents.inc({ result: 'stored' });
  }

  ownerEventsLost(count: number): void {
    this.ownerEvents.inc({ result: 'lost' }, count);
  }

  ownerEventsAway(error: unknown): void {
    this.log.warn({ error }, "owners' histories cannot be written; events wait in memory");
  }

  historyUnreadable(error: unknown): void {
    this.log.warn({ error }, "an owner's history could not be read");
  }

  peerUnanswered(brokerId: string, error: unknown): void {
    this.log.warn({ brokerId, error }, 'another instance did not say what workers it has');
  }

  registrationsChecked(endedCount: number): void {
    this.rechecks.inc({ result: endedCount > 0 ? 'ended' : 'unchanged' });
    if (endedCount > 0) this.log.warn({ endedCount }, 'registrations had ended unheard');
  }

  registrationsUnchecked(error: unknown): void {
    this.rechecks.inc({ result: 'failed' });
    this.log.warn({ error }, 'the registrations of connected workers could not be checked');
  }

  private tell(
    event: OwnerEventName,
    session: Readonly<{ id: string | null; epoch?: number; identity: WorkerIdentity }>,
    detail: string | null,
  ): void {
    const { id, epoch, identity } = session;
    const { username, providerName, clientId } = identity;
    this.log.info(
      { event, sessionId: id, epoch, username, providerName, clientId, detail },
      'worker event',
    );
    this.history.record(identity, {
      atMs: this.clock.nowMs(),
      event,
      clientId,
      sessionId: id,
      detail,
    });
  }
}
