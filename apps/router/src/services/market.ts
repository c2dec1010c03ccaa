import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Catalogue } from '../domain/catalogue.js';
import { Presence } from '../domain/presence.js';
import type { Surroundings } from '../domain/upstream.js';
import { LiveCatalogue } from './live-catalogue.js';
import { LiveHealth } from './live-health.js';

/** All that is known of the market at this moment; in memory, so that a plan asks nobody. */
@Injectable()
export class Market {
  constructor(
    private readonly live: LiveCatalogue,
    private readonly presence: Presence,
    private readonly health: LiveHealth,
    private readonly clock: Clock,
  ) {}

  catalogue(): Catalogue {
    return this.live.current();
  }

  around(): Surroundings {
    return {
      sessionsOf: (providerId) => this.presence.sessionsOf(providerId),
      cooldownOf: this.health.cooldownOf,
      nowMs: this.clock.nowMs(),
    };
  }
}
