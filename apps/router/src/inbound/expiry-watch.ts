import { Clock, NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { EndedRegistrations } from '../domain/ended-registrations.js';
import { Announcements } from '../services/announcements.js';
import { LiveCatalogue } from '../services/live-catalogue.js';

export class ExpiryWatchSettings {
  constructor(readonly tickMs: number) {}
}

/**
 * Has the sessions end that came with a registration that has ended. Every replica says so, once it admits
 * nobody with it any more: a worker that it let in a moment before goes too. Ending what has ended does
 * nothing. What was said while the bus was away is lost, so that brokers are told to ask.
 */
@Injectable()
export class ExpiryWatch {
  private readonly ended = new EndedRegistrations();
  private timer: NodeJS.Timeout | undefined;
  private reconnections: { unsubscribe: () => void } | undefined;

  constructor(
    private readonly live: LiveCatalogue,
    private readonly announcements: Announcements,
    private readonly clock: Clock,
    private readonly bus: NatsBus,
    private readonly settings: ExpiryWatchSettings,
  ) {}

  start(): void {
    this.look();
    this.timer = setInterval(() => this.look(), this.settings.tickMs);
    this.reconnections = this.bus.onReconnected(() => this.announcements.registrationsUnsure());
  }

  stop(): void {
    clearInterval(this.timer);
    this.reconnections?.unsubscribe();
  }

  private look(): void {
    if (this.live.revision === 0) return;
    const { providers } = this.live.current();
    for (const ended of this.ended.look(providers, this.clock.nowMs())) {
      this.announcements.registrationRevoked(ended);
    }
  }
}
