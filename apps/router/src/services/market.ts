import type { EndpointName } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Catalogue } from '../domain/catalogue.js';
import type { Pace } from '../domain/pace.js';
import { Presence } from '../domain/presence.js';
import type { PresentSession } from '../domain/session-index.js';
import { paceOfSessions } from '../domain/session-pace.js';
import type { Surroundings } from '../domain/upstream.js';
import { LiveCatalogue } from './live-catalogue.js';
import { LiveHealth } from './live-health.js';
import { LivePace } from './live-pace.js';

/** All that is known of the market at this moment; in memory, so that a plan asks nobody. */
@Injectable()
export class Market {
  constructor(
    private readonly live: LiveCatalogue,
    private readonly presence: Presence,
    private readonly health: LiveHealth,
    private readonly pace: LivePace,
    private readonly clock: Clock,
  ) {}

  catalogue(): Catalogue {
    return this.live.current();
  }

  around(): Surroundings {
    return {
      sessionsOf: (providerId) => this.presence.sessionsOf(providerId),
      cooldownOf: this.health.cooldownOf,
      hasCooldowns: this.health.hasCooldowns,
      paceOf: this.paceOf,
      nowMs: this.clock.nowMs(),
    };
  }

  /** False until it was read for the first time. */
  get hasCatalogue(): boolean {
    return this.live.revision > 0;
  }

  /** Serves this revision, which somebody has seen, or a later one. */
  async reach(revision: number): Promise<void> {
    await this.live.reach(revision);
  }

  /** One worker of a provider, while it is there. */
  sessionOf(providerId: string, sessionId: string | null): PresentSession | undefined {
    const sessions = this.presence.sessionsOf(providerId);
    return sessions.find(({ session }) => session.sessionId === sessionId);
  }

  /** A plan is used that asks this one first, to try it out. */
  beginTrial(key: string): void {
    this.health.beginTrial(key, this.clock.nowMs());
  }

  endTrial(key: string): void {
    this.health.endTrial(key);
  }

  /** By the model's name on our side. What the gateways have not measured, the brokers may have. */
  private readonly paceOf = (
    providerId: string,
    model: string,
    endpoint?: EndpointName,
  ): Pace | undefined => {
    const source = this.catalogue().providerById.get(providerId)?.source;
    if (source?.kind === 'openai') {
      return this.pace.of(providerId, source.models.get(model) ?? model, endpoint);
    }
    const known = this.pace.of(providerId, model, endpoint);
    if (known.firstMs && known.tokensPerS) return known;
    const told = paceOfSessions(this.presence.sessionsOf(providerId), model);
    return {
      firstMs: known.firstMs ?? told.firstMs,
      tokensPerS: known.tokensPerS ?? told.tokensPerS,
    };
  };
}
