import { randomUUID } from 'node:crypto';
import type { CloseReason } from '@aisbf/broker-protocol';
import type { SessionPresence } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { EpochMemory } from '../domain/epoch-memory.js';
import { MinuteCounter } from '../domain/minute-counter.js';
import { TimerWheel } from '../domain/timer-wheel.js';
import {
  identityKey,
  isRevoked,
  type Revocation,
  type WorkerIdentity,
} from '../domain/worker-identity.js';
import { BrokerEvents } from '../events.js';
import { Presence } from './presence.js';
import { Session, type SessionHost } from './session.js';
import type { WorkerSocket } from './worker-socket.js';

/** Turns of the wheel in one visiting interval: enough that each turn is short with many sessions. */
const slotCount = 20;

/** All sessions of this instance. Of each identity only the newest is real. */
@Injectable()
export class Sessions {
  private readonly byId = new Map<string, Session>();
  private readonly byIdentity = new Map<string, Session>();
  private readonly seats = new Map<string, () => void>();
  private readonly epochs = new EpochMemory();
  private readonly takeovers: MinuteCounter;
  private readonly wheel = new TimerWheel<Session>(slotCount);
  private timer: NodeJS.Timeout | undefined;

  private readonly host: SessionHost = {
    onChanged: (session, what) => this.presence.changed(session, what),
    onEnded: (session, reason) => this.onEnded(session, reason),
  };

  constructor(
    private readonly clock: Clock,
    private readonly limits: BrokerLimits,
    private readonly events: BrokerEvents,
    private readonly presence: Presence,
  ) {
    this.takeovers = new MinuteCounter(limits.admission.takeoversPerMinuteMax);
  }

  get count(): number {
    return this.byId.size;
  }

  get inFlight(): number {
    let total = 0;
    for (const session of this.byId.values()) total += session.inFlight;
    return total;
  }

  /** What workers have sent and readers have not taken yet. */
  get readerBacklogBytes(): number {
    let total = 0;
    for (const session of this.byId.values()) total += session.readerBacklogBytes;
    return total;
  }

  /** Begins to look after the sessions. */
  start(): void {
    const turnMs = Math.max(1, this.limits.session.visitIntervalMs / slotCount);
    this.timer = setInterval(() => {
      const nowMs = this.clock.nowMs();
      for (const session of this.wheel.turn()) session.visit(nowMs);
    }, turnMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** How long this identity must stay away; 0 lets it in. Two machines that fight are let in now and then. */
  takeoverWaitMs(identity: WorkerIdentity): number {
    const key = identityKey(identity);
    const nowMs = this.clock.nowMs();
    if (!this.byIdentity.has(key) || !this.takeovers.isFull(key, nowMs)) return 0;
    const lastMs = this.takeovers.lastMs(key, nowMs) ?? 0;
    return Math.max(0, lastMs + this.limits.admission.takeoverDampedMs - nowMs);
  }

  /** A worker was admitted and its socket is open. Whatever the same identity had before ends now. */
  open(identity: WorkerIdentity, tokenHash: Buffer, socket: WorkerSocket): Session {
    const key = identityKey(identity);
    const nowMs = this.clock.nowMs();
    const epoch = this.epochs.next(key, nowMs);
    const session = new Session(
      { id: randomUUID(), epoch, identity, tokenHash, phase: Math.random() },
      socket,
      this.host,
      { clock: this.clock, limits: this.limits, events: this.events },
    );
    const former = this.byIdentity.get(key);
    this.byId.set(session.id, session);
    this.byIdentity.set(key, session);
    this.seats.set(session.id, this.wheel.add(session));
    if (former) this.takeovers.add(key, nowMs);
    former?.end('superseded');
    this.events.sessionOpened(session);
    session.greet();
    return session;
  }

  find(sessionId: string): Session | undefined {
    return this.byId.get(sessionId);
  }

  all(): Iterable<Session> {
    return this.byId.values();
  }

  /** Another instance has this session: if it is of the same identity as one of ours, the higher epoch wins. */
  seeElsewhere(brokerId: string, other: SessionPresence): void {
    const key = identityKey(other);
    this.epochs.see(key, other.epoch, this.clock.nowMs());
    const ours = this.byIdentity.get(key);
    // A worker that was told to move finishes here what runs here.
    if (!ours || ours.isLeaving) return;
    const isTie = other.epoch === ours.epoch && brokerId > this.presence.brokerId;
    if (other.epoch > ours.epoch || isTie) ours.end('superseded');
  }

  revoke(revocation: Revocation): void {
    for (const session of this.byId.values()) {
      if (isRevoked(session.identity, revocation)) session.end('revoked', revocation.reason);
    }
  }

  private onEnded(session: Session, reason: CloseReason): void {
    const key = identityKey(session.identity);
    this.byId.delete(session.id);
    // Its successor may already stand in its place.
    if (this.byIdentity.get(key) === session) this.byIdentity.delete(key);
    this.seats.get(session.id)?.();
    this.seats.delete(session.id);
    this.presence.ended(session, reason);
  }
}
