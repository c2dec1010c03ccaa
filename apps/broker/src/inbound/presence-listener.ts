import {
  type AskPresence,
  PresenceEvent,
  type PresenceHello,
  PresenceSnapshot,
  RegistrationRevoked,
  subjects,
} from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { BrokerLimits } from '../config.js';
import { LivePeers } from '../domain/live-peers.js';
import { PeerBrokers } from '../domain/peer-brokers.js';
import { Presence } from '../services/presence.js';
import { Sessions } from '../services/sessions.js';

/** What comes over the bus: routers that ask who is here, other brokers, and providers that are taken away. */
@Injectable()
export class PresenceListener {
  private timer: NodeJS.Timeout | undefined;
  private readonly peers = new PeerBrokers();
  private readonly inbox: string;
  private readonly subscriptions: { unsubscribe: () => void }[] = [];

  constructor(
    private readonly bus: NatsBus,
    private readonly presence: Presence,
    private readonly sessions: Sessions,
    private readonly livePeers: LivePeers,
    private readonly limits: BrokerLimits,
  ) {
    this.inbox = bus.inbox();
  }

  /** Must run before the first beat: whoever hears that beat may ask at once. */
  start(): void {
    const { bus, presence, sessions } = this;
    this.subscriptions.push(
      bus.subscribe(subjects.presenceHello, z.unknown(), () => presence.beat()),
      bus.subscribe(subjects.presenceSnapshot(presence.brokerId), z.unknown(), (_, reply) => {
        if (reply !== undefined) presence.replySnapshot(reply, sessions.all());
      }),
      bus.subscribe(subjects.presenceEvent, PresenceEvent, (event) => this.onPresence(event)),
      bus.subscribe(this.inbox, PresenceSnapshot, (page) => this.onSnapshot(page)),
      bus.subscribe(subjects.registrationRevoked, RegistrationRevoked, (event) =>
        sessions.revoke(event),
      ),
    );
    // Every instance beats at once, and is then asked for its sessions: whoever comes here next from one of
    // those identities must get a higher epoch than it had there.
    bus.publish(subjects.presenceHello, hello);
    this.timer = setInterval(() => presence.beat(), this.limits.presence.beatIntervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private onPresence(event: PresenceEvent): void {
    const { brokerId } = event;
    if (brokerId === this.presence.brokerId) return;
    this.livePeers.heard(brokerId);
    if (this.peers.isMissedBy(event)) {
      this.bus.publish(subjects.presenceSnapshot(brokerId), question, this.inbox);
    }
    if (event.type === 'session-up') this.sessions.seeElsewhere(brokerId, event.session);
  }

  private onSnapshot(page: PresenceSnapshot): void {
    for (const session of page.sessions) this.sessions.seeElsewhere(page.brokerId, session);
    if (page.page === page.pages - 1) this.peers.told(page);
  }
}

const hello: PresenceHello = { type: 'presence-hello' };
const question: AskPresence = { type: 'ask-presence' };
