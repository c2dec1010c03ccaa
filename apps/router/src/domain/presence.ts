import type { PresenceEvent, PresenceSnapshot, SessionPresence } from '@aisbf/contracts';
import { type PresentSession, SessionIndex } from './session-index.js';

export type PresenceSettings = Readonly<{
  /** A broker silent for longer is gone, and its sessions with it. */
  brokerSilenceMsMax: number;
  /** A snapshot that has not come after this long is asked for again. */
  snapshotRetryMs: number;
  /** More numbered events than this are not kept while a snapshot is awaited. */
  bufferedEventsMax: number;
}>;

/** What the caller has to do: ask this broker for everything. */
export type PresenceEffect = Readonly<{ type: 'ask-snapshot'; brokerId: string }>;

type NumberedEvent = Exclude<PresenceEvent, { type: 'broker-beat' }>;

type SnapshotPages = { sequence: number; pages: number; received: Map<number, PresenceSnapshot> };

/**
 * One broker's process as this router knows it.
 *
 * - waiting (`askedAtMs` set): a number is missing or nothing is known yet; a snapshot has been asked for,
 *   later events are kept, and what was known before goes on being served
 * - following (`askedAtMs` null): every event up to `sequence` has been applied
 */
type Broker = {
  readonly incarnation: string;
  url: string | null;
  isDraining: boolean;
  sequence: number;
  heardAtMs: number;
  askedAtMs: number | null;
  buffered: NumberedEvent[];
  snapshot: SnapshotPages | null;
  sessions: Map<string, SessionPresence>;
};

/** Earlier incarnations whose late messages are still recognised as such. */
const retiredIncarnationsMax = 64;
const nothing: readonly PresenceEffect[] = [];

/**
 * Who is there: the sessions of all brokers, from their numbered events and snapshots. Deterministic: the
 * time comes in with each call, and what has to be sent comes out.
 */
export class Presence {
  private readonly brokers = new Map<string, Broker>();
  private readonly retired = new Set<string>();
  private readonly index = new SessionIndex();

  constructor(private readonly settings: PresenceSettings) {}

  /** The live sessions of a provider, at most one for each of its workers. */
  sessionsOf(providerId: string): readonly PresentSession[] {
    return this.index.sessionsOf(providerId);
  }

  get sessionCount(): number {
    return this.index.count;
  }

  get routableCount(): number {
    return this.index.routableCount;
  }

  get brokerCount(): number {
    return this.brokers.size;
  }

  /** Every broker that was heard of has told of all its sessions. */
  get isCaughtUp(): boolean {
    return [...this.brokers.values()].every(({ askedAtMs }) => askedAtMs === null);
  }

  /** Applies one broker's event. */
  onEvent(event: PresenceEvent, nowMs: number): readonly PresenceEffect[] {
    if (this.retired.has(incarnationKey(event))) return nothing;
    const broker = this.brokers.get(event.brokerId);
    if (broker?.incarnation !== event.incarnation) return this.meet(event, nowMs);
    broker.heardAtMs = nowMs;
    if (event.type === 'broker-beat') return this.onBeat(event, broker, nowMs);
    if (broker.askedAtMs !== null) return this.buffer(event, broker);
    if (event.sequence <= broker.sequence) return nothing;
    if (event.sequence === broker.sequence + 1) {
      this.apply(event, broker);
      return nothing;
    }
    this.buffer(event, broker);
    return ask(event.brokerId, broker, nowMs);
  }

  /** Takes one page of a snapshot; the last one to come replaces what was known. */
  onSnapshot(page: PresenceSnapshot, nowMs: number): readonly PresenceEffect[] {
    const broker = this.brokers.get(page.brokerId);
    if (broker?.incarnation !== page.incarnation || broker.askedAtMs === null) return nothing;
    broker.heardAtMs = nowMs;
    // The late answer to an earlier question is older than what is known.
    if (page.sequence < broker.sequence) return nothing;
    if (!broker.snapshot || broker.snapshot.sequence < page.sequence) {
      broker.snapshot = { sequence: page.sequence, pages: page.pages, received: new Map() };
    }
    const { snapshot } = broker;
    if (page.sequence < snapshot.sequence) return nothing;
    snapshot.received.set(page.page, page);
    if (snapshot.received.size < snapshot.pages) return nothing;
    return this.replace(page, broker, snapshot, nowMs);
  }

  /** Drops brokers that have fallen silent and asks again where an answer is overdue. */
  onTick(nowMs: number): readonly PresenceEffect[] {
    const effects: PresenceEffect[] = [];
    for (const [brokerId, broker] of this.brokers) {
      if (nowMs - broker.heardAtMs > this.settings.brokerSilenceMsMax) {
        this.forget(brokerId, broker);
      } else if (
        broker.askedAtMs !== null &&
        nowMs - broker.askedAtMs >= this.settings.snapshotRetryMs
      ) {
        effects.push(...ask(brokerId, broker, nowMs));
      }
    }
    return effects;
  }

  /** This process itself was away (a stopped event loop): nobody's silence counts meanwhile. */
  forgiveSilence(ms: number): void {
    for (const broker of this.brokers.values()) broker.heardAtMs += ms;
  }

  private meet(event: PresenceEvent, nowMs: number): readonly PresenceEffect[] {
    const earlier = this.brokers.get(event.brokerId);
    if (earlier) {
      this.retire(event.brokerId, earlier);
      this.forget(event.brokerId, earlier);
    }
    const broker: Broker = {
      incarnation: event.incarnation,
      url: event.type === 'broker-beat' ? event.url : null,
      isDraining: event.type === 'broker-beat' && event.isDraining,
      sequence: 0,
      heardAtMs: nowMs,
      askedAtMs: null,
      buffered: event.type === 'broker-beat' ? [] : [event],
      snapshot: null,
      sessions: new Map(),
    };
    this.brokers.set(event.brokerId, broker);
    return ask(event.brokerId, broker, nowMs);
  }

  private onBeat(
    beat: Extract<PresenceEvent, { type: 'broker-beat' }>,
    broker: Broker,
    nowMs: number,
  ): readonly PresenceEffect[] {
    const isElsewhere = broker.url !== beat.url || broker.isDraining !== beat.isDraining;
    broker.url = beat.url;
    broker.isDraining = beat.isDraining;
    if (isElsewhere) {
      for (const session of broker.sessions.values()) this.show(session, beat.brokerId, broker);
    }
    const isBehind = broker.askedAtMs === null && beat.sequence > broker.sequence;
    return isBehind ? ask(beat.brokerId, broker, nowMs) : nothing;
  }

  private buffer(event: NumberedEvent, broker: Broker): readonly PresenceEffect[] {
    if (broker.buffered.length < this.settings.bufferedEventsMax) broker.buffered.push(event);
    return nothing;
  }

  private replace(
    last: PresenceSnapshot,
    broker: Broker,
    snapshot: SnapshotPages,
    nowMs: number,
  ): readonly PresenceEffect[] {
    broker.url = last.url;
    broker.sequence = snapshot.sequence;
    broker.askedAtMs = null;
    broker.snapshot = null;
    const present = [...snapshot.received.values()].flatMap(({ sessions }) => sessions);
    const presentIds = new Set(present.map(({ sessionId }) => sessionId));
    for (const sessionId of broker.sessions.keys()) {
      if (!presentIds.has(sessionId)) this.index.remove(last.brokerId, sessionId);
    }
    broker.sessions = new Map(present.map((session) => [session.sessionId, session]));
    for (const session of present) this.show(session, last.brokerId, broker);
    const later = broker.buffered.sort((left, right) => left.sequence - right.sequence);
    broker.buffered = [];
    // What came meanwhile is applied as if it came now; a hole in it leads to the next snapshot.
    return later.flatMap((event) => this.onEvent(event, nowMs));
  }

  private apply(event: NumberedEvent, broker: Broker): void {
    broker.sequence = event.sequence;
    if (event.type === 'session-up') {
      broker.sessions.set(event.session.sessionId, event.session);
      this.show(event.session, event.brokerId, broker);
    } else {
      broker.sessions.delete(event.sessionId);
      this.index.remove(event.brokerId, event.sessionId);
    }
  }

  private show(session: SessionPresence, brokerId: string, broker: Broker): void {
    if (broker.url === null) return;
    const { url: brokerUrl, isDraining } = broker;
    this.index.put(isDraining ? { ...session, state: 'draining' } : session, brokerId, brokerUrl);
  }

  private retire(brokerId: string, { incarnation }: Broker): void {
    this.retired.add(incarnationKey({ brokerId, incarnation }));
    const [oldest] = this.retired;
    if (this.retired.size > retiredIncarnationsMax && oldest) this.retired.delete(oldest);
  }

  private forget(brokerId: string, broker: Broker): void {
    for (const sessionId of broker.sessions.keys()) this.index.remove(brokerId, sessionId);
    this.brokers.delete(brokerId);
  }
}

function ask(brokerId: string, broker: Broker, nowMs: number): readonly PresenceEffect[] {
  broker.askedAtMs = nowMs;
  broker.snapshot = null;
  return [{ type: 'ask-snapshot', brokerId }];
}

function incarnationKey(from: Readonly<{ brokerId: string; incarnation: string }>): string {
  return `${from.brokerId}\n${from.incarnation}`;
}
