import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { OwnerEvent } from '@aisbf/contracts';
import type { Clock } from '@aisbf/platform';
import { type EventSubject, kindOf, type OwnerNews } from '../domain/owner-event.js';
import { type CountedNews, RefusalCollapse } from '../domain/refusal-collapse.js';
import { WaitingEvents } from '../domain/waiting-events.js';

/** Whose events are asked for; what is left out is any. */
export type OwnerEventQuestion = Readonly<{
  username: string | undefined;
  providerId?: string | undefined;
  providerName?: string | undefined;
}>;

/** Where events are kept for all instances, so that they outlive each of them. */
export abstract class OwnerEventStore {
  /** Makes the store where it is missing. Harmless where it is not. */
  abstract ensure(): Promise<void>;
  /** Resolves when the event is stored. The same event may come again. */
  abstract append(event: OwnerEvent): Promise<void>;
  /** In the order in which they were stored; nothing where there is no store. */
  abstract read(question: OwnerEventQuestion): Promise<readonly OwnerEvent[]>;
}

/** What is counted and written about the storing itself. */
export type OwnerEventWatcher = Readonly<{
  onStored: () => void;
  onLost: (count: number) => void;
  /** The store takes nothing, since now. */
  onAway: (error: unknown) => void;
}>;

export type OwnerEventOptions = Readonly<{
  brokerId: string;
  waitingMax: number;
  perSubjectMax: number;
  /** How many are under way to the store at once. */
  underWayMax: number;
  roundMs: number;
  roundMsMax: number;
  /** How long a store that has failed is left alone. */
  retryMs: number;
}>;

/** How often rounds of refusals are looked at. */
const tickMs = 1_000;
/** How often it is looked whether everything is stored, when leaving. */
const drainPollMs = 20;
/** As the contract says. */
const detailLengthMax = 1_000;
const clientLengthMax = 256;

/**
 * Writes down what happens to workers. Whoever records something never waits: a bounded number of events is
 * under way to the store at a time, and the others wait in memory, also while the store is away.
 */
export class OwnerEventLog {
  private readonly collapse: RefusalCollapse;
  private readonly waiting: WaitingEvents;
  private readonly leaving = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private underWay = 0;
  /** The store is there, as far as is known. */
  private isOpen = false;

  constructor(
    private readonly store: OwnerEventStore,
    private readonly watcher: OwnerEventWatcher,
    private readonly clock: Clock,
    private readonly options: OwnerEventOptions,
  ) {
    this.collapse = new RefusalCollapse(options, randomUUID);
    this.waiting = new WaitingEvents(options.waitingMax, options.perSubjectMax);
  }

  /** How many are not stored yet. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Makes the store as soon as it can be made; what is recorded before waits. */
  start(): void {
    this.timer = setInterval(() => this.endRounds(), tickMs);
    void this.open();
  }

  record(subject: EventSubject, news: OwnerNews): void {
    const told = this.collapse.take(subject, news);
    if (told) this.enqueue(told);
  }

  /** What has happened here and is not stored: what waits, and what is still being counted. */
  unstored(): readonly OwnerEvent[] {
    return [...this.waiting.all(), ...this.collapse.untold().map((news) => this.toEvent(news))];
  }

  /** Tells what is still being counted, and gives the store this long to take everything. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.timer);
    for (const counted of this.collapse.untold()) this.enqueue(counted);
    const endAtMs = this.clock.nowMs() + graceMs;
    while (this.waiting.size > 0 && this.clock.nowMs() < endAtMs) await wait(drainPollMs);
    this.leaving.abort();
    if (this.waiting.size > 0) this.watcher.onLost(this.waiting.size);
  }

  private endRounds(): void {
    for (const counted of this.collapse.endRounds(this.clock.nowMs())) this.enqueue(counted);
  }

  private enqueue(counted: CountedNews): void {
    const lost = this.waiting.add(this.toEvent(counted));
    if (lost > 0) this.watcher.onLost(lost);
    this.pump();
  }

  private toEvent({ eventId, subject, news, count }: CountedNews): OwnerEvent {
    const { username, providerId, providerName } = subject;
    const { event, clientId, sessionId, detail, atMs } = news;
    return {
      type: 'owner-event',
      eventId,
      brokerId: this.options.brokerId,
      username,
      providerId,
      providerName,
      kind: kindOf(news),
      event,
      clientId: clientId.slice(0, clientLengthMax),
      sessionId,
      detail: detail?.slice(0, detailLengthMax) ?? null,
      count,
      atMs,
    };
  }

  private pump(): void {
    while (this.isOpen && this.underWay < this.options.underWayMax) {
      const event = this.waiting.take();
      if (!event) return;
      void this.send(event);
    }
  }

  /** Never rejects. */
  private async send(event: OwnerEvent): Promise<void> {
    this.underWay += 1;
    try {
      await this.store.append(event);
      this.waiting.remove(event.eventId);
      this.watcher.onStored();
    } catch (error) {
      if (this.isOpen) void this.reopen(error);
    } finally {
      this.underWay -= 1;
    }
    this.pump();
  }

  private async reopen(error: unknown): Promise<void> {
    this.isOpen = false;
    this.watcher.onAway(error);
    await this.pause();
    await this.open();
  }

  /** Tries until the store is there. What was under way without arriving then goes first. */
  private async open(): Promise<void> {
    let isKnownAway = false;
    while (!this.leaving.signal.aborted) {
      try {
        // Whatever is still under way fails by itself, or arrives after all.
        if (this.underWay === 0) {
          await this.store.ensure();
          break;
        }
      } catch (error) {
        if (!isKnownAway) this.watcher.onAway(error);
        isKnownAway = true;
      }
      await this.pause();
    }
    this.waiting.giveBack();
    this.isOpen = !this.leaving.signal.aborted;
    this.pump();
  }

  private async pause(): Promise<void> {
    const { signal } = this.leaving;
    await wait(this.options.retryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
