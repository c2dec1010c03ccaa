import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Presence } from '../domain/presence.js';
import { justExpired } from '../domain/registration.js';
import { Announcements } from '../services/announcements.js';
import { LiveCatalogue } from '../services/live-catalogue.js';

export class ExpiryWatchSettings {
  constructor(readonly tickMs: number) {}
}

/**
 * Has the sessions end that came with a registration whose time has run out. Every replica says so: ending
 * what has ended does nothing, and no replica must be alive for another to be right.
 */
@Injectable()
export class ExpiryWatch {
  private timer: NodeJS.Timeout | undefined;
  private lookedAtMs = 0;

  constructor(
    private readonly live: LiveCatalogue,
    private readonly presence: Presence,
    private readonly announcements: Announcements,
    private readonly clock: Clock,
    private readonly settings: ExpiryWatchSettings,
  ) {}

  start(): void {
    this.lookedAtMs = this.clock.nowMs();
    this.timer = setInterval(() => this.look(), this.settings.tickMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    // What ran out before the first revision was there is announced with it.
    if (this.live.revision === 0) return;
    const [sinceMs, nowMs] = [this.lookedAtMs, this.clock.nowMs()];
    this.lookedAtMs = nowMs;
    for (const { id: providerId, source } of this.live.current().providers) {
      if (source.kind !== 'coderai') continue;
      const expired = justExpired(source.registrations, sinceMs, nowMs);
      if (expired.length === 0 || this.presence.sessionsOf(providerId).length === 0) continue;
      for (const { id: registrationId } of expired) {
        this.announcements.registrationRevoked({
          providerId,
          reason: 'token_expired',
          registrationId,
        });
      }
    }
  }
}
