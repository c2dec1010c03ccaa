import { PresenceEvent, RegistrationRevoked, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { BrokerLimits } from '../config.js';
import { Presence } from '../services/presence.js';
import { Sessions } from '../services/sessions.js';

/** What comes over the bus: routers that ask who is here, other brokers, and providers that are taken away. */
@Injectable()
export class PresenceListener {
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: { unsubscribe: () => void }[] = [];

  constructor(
    private readonly bus: NatsBus,
    private readonly presence: Presence,
    private readonly sessions: Sessions,
    private readonly limits: BrokerLimits,
  ) {}

  /** Must run before the first beat: whoever hears that beat may ask at once. */
  start(): void {
    const { bus, presence, sessions } = this;
    this.subscriptions.push(
      bus.subscribe(subjects.presenceHello, z.unknown(), () => presence.beat()),
      bus.subscribe(subjects.presenceSnapshot(presence.brokerId), z.unknown(), (_, reply) => {
        if (reply !== undefined) presence.replySnapshot(reply, sessions.all());
      }),
      bus.subscribe(subjects.presenceEvent, PresenceEvent, (event) => this.onPresence(event)),
      bus.subscribe(subjects.registrationRevoked, RegistrationRevoked, (event) =>
        sessions.revoke(event.providerId, event.reason),
      ),
    );
    this.timer = setInterval(() => presence.beat(), this.limits.presence.beatIntervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private onPresence(event: PresenceEvent): void {
    if (event.type !== 'session-up' || event.brokerId === this.presence.brokerId) return;
    this.sessions.seeElsewhere(event.brokerId, event.session);
  }
}
