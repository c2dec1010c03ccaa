import { randomUUID } from 'node:crypto';
import type { PresenceEvent, PresenceSnapshot, SessionPresence } from '@aisbf/contracts';
import type { Clock } from '@aisbf/platform';
import { snapshotPages } from '../domain/snapshot-page.js';
import type { Session } from './session.js';

/** Where presence is told. */
export abstract class PresenceBus {
  abstract publish(event: PresenceEvent): void;
  abstract reply(subject: string, page: PresenceSnapshot): void;
  /** Resolves when everything published has arrived. */
  abstract flush(): Promise<void>;
}

export type PresenceOptions = Readonly<{ brokerId: string; loadIntervalMs: number }>;

/** How much of what waits is published at once, so that ten thousand changes do not hold everything up. */
const sliceMax = 200;
const sliceIntervalMs = 25;

/** Tells the routers who is here: numbered without gaps, so that they notice what they have missed. */
export class Presence {
  private readonly incarnation = randomUUID();
  private sequence = 0;
  private url = '';
  private isDraining = false;
  /** Sessions whose load has changed, with the time from which it may be told; in that order. */
  private readonly waiting = new Map<Session, number>();
  private readonly told = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: PresenceBus,
    private readonly clock: Clock,
    private readonly options: PresenceOptions,
  ) {}

  get brokerId(): string {
    return this.options.brokerId;
  }

  /** The first thing that is told: where gateways reach this instance. */
  open(url: string): void {
    this.url = url;
    this.beat();
  }

  beginDrain(): void {
    this.isDraining = true;
    this.beat();
  }

  beat(): void {
    if (this.url === '') return;
    const { url, isDraining } = this;
    this.bus.publish({ type: 'broker-beat', ...this.from(), url, isDraining });
  }

  changed(session: Session, what: 'state' | 'load'): void {
    if (what === 'state') this.tell(session);
    else this.tellSoon(session);
  }

  ended(session: Session, reason: string): void {
    this.waiting.delete(session);
    if (!this.told.delete(session.id)) return;
    this.sequence += 1;
    this.bus.publish({ type: 'session-down', ...this.from(), sessionId: session.id, reason });
  }

  /** Answers a router that has started later, or has missed something. */
  replySnapshot(subject: string, sessions: Iterable<Session>): void {
    const present = [...sessions].flatMap((session) => session.presence() ?? []);
    const pages = snapshotPages(present);
    for (const [page, inPage] of pages.entries()) {
      this.bus.reply(subject, this.toPage(inPage, page, pages.length));
    }
  }

  flush(): Promise<void> {
    return this.bus.flush();
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.clear();
  }

  private tellSoon(session: Session): void {
    if (this.waiting.has(session)) return;
    this.waiting.set(session, this.clock.nowMs() + this.options.loadIntervalMs);
    this.arm(this.options.loadIntervalMs);
  }

  private tell(session: Session): void {
    this.waiting.delete(session);
    const presence = session.presence();
    if (!presence) return;
    this.told.add(session.id);
    this.sequence += 1;
    this.bus.publish({ type: 'session-up', ...this.from(), session: presence });
  }

  private arm(waitMs: number): void {
    this.timer ??= setTimeout(() => this.tellWaiting(), waitMs);
  }

  private tellWaiting(): void {
    this.timer = undefined;
    const nowMs = this.clock.nowMs();
    const due: Session[] = [];
    for (const [session, dueAtMs] of this.waiting) {
      if (dueAtMs > nowMs || due.length === sliceMax) {
        this.arm(Math.max(sliceIntervalMs, dueAtMs - nowMs));
        break;
      }
      due.push(session);
    }
    for (const session of due) this.tell(session);
  }

  private toPage(sessions: readonly SessionPresence[], page: number, pages: number) {
    const { url } = this;
    const type = 'presence-snapshot' as const;
    return { type, ...this.from(), url, page, pages, sessions: [...sessions] };
  }

  private from() {
    const { incarnation, sequence } = this;
    return { brokerId: this.options.brokerId, incarnation, sequence };
  }
}
