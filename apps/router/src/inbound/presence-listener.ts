import {
  type AskPresence,
  PresenceEvent,
  type PresenceHello,
  PresenceSnapshot,
  subjects,
} from '@aisbf/contracts';
import { Clock, NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Presence, type PresenceEffect } from '../domain/presence.js';

export class PresenceListenerSettings {
  constructor(readonly tickMs: number) {}
}

/** Brokers that are there answer a hello at once; after this long there are none. */
const helloMsMax = 300;

/** Hears the brokers and keeps the picture of who is there. */
@Injectable()
export class PresenceListener {
  private readonly inbox: string;
  private timer: NodeJS.Timeout | undefined;
  private tickedAtMs = 0;
  private startedAtMs = 0;

  constructor(
    private readonly bus: NatsBus,
    private readonly presence: Presence,
    private readonly clock: Clock,
    private readonly settings: PresenceListenerSettings,
  ) {
    this.inbox = bus.inbox();
  }

  start(): void {
    this.bus.subscribe(this.inbox, PresenceSnapshot, (page) =>
      this.carryOut(this.presence.onSnapshot(page, this.clock.nowMs())),
    );
    this.bus.subscribe(subjects.presenceEvent, PresenceEvent, (event) =>
      this.carryOut(this.presence.onEvent(event, this.clock.nowMs())),
    );
    this.bus.publish(subjects.presenceHello, { type: 'presence-hello' } satisfies PresenceHello);
    this.startedAtMs = this.clock.nowMs();
    this.tickedAtMs = this.startedAtMs;
    this.timer = setInterval(() => this.tick(), this.settings.tickMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** A router that plans before it knows who is there would refuse what somebody could serve. */
  hasHeardAll(): boolean {
    const waitedMs = this.clock.nowMs() - this.startedAtMs;
    return this.presence.brokerCount > 0 ? this.presence.isCaughtUp : waitedMs > helloMsMax;
  }

  private tick(): void {
    const nowMs = this.clock.nowMs();
    // Where this process stood still, messages wait unread: that is not the brokers' silence.
    const lateMs = nowMs - this.tickedAtMs - this.settings.tickMs;
    if (lateMs > this.settings.tickMs) this.presence.forgiveSilence(lateMs);
    this.tickedAtMs = nowMs;
    this.carryOut(this.presence.onTick(nowMs));
  }

  private carryOut(effects: readonly PresenceEffect[]): void {
    for (const { brokerId } of effects) {
      const question: AskPresence = { type: 'ask-presence' };
      this.bus.publish(subjects.presenceSnapshot(brokerId), question, this.inbox);
    }
  }
}
