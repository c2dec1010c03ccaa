import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import type { TokenBuyer } from '../domain/buyer.js';
import { faults } from '../domain/faults.js';
import { RouterEvents } from '../events.js';
import { RateLimits, type RateVerdict } from './rate-limits.js';

export class RateCheckSettings {
  /** Whether requests go on uncounted while the counter is away: money is not at stake, service is. */
  constructor(readonly isOpenWithoutCounter: boolean) {}
}

/** Holds each API token to its rates. */
@Injectable()
export class RateCheck {
  constructor(
    private readonly rateLimits: RateLimits,
    private readonly settings: RateCheckSettings,
    private readonly events: RouterEvents,
  ) {}

  async take({ apiTokenId, limits }: TokenBuyer, promptTokens: number): Promise<void> {
    const verdict = await this.rateLimits
      .take({ apiTokenId, limits, promptTokens })
      .catch((error: unknown) => this.withoutCounter(error));
    if (verdict.isAllowed) return;
    const { limit, retryAfterMs } = verdict;
    throw faults.RATE_LIMIT_EXCEEDED({ limit, retryAfterMs });
  }

  private withoutCounter(error: unknown): RateVerdict {
    const isAway = error instanceof Fault && error.code === 'LIMITS_UNAVAILABLE';
    if (!isAway || !this.settings.isOpenWithoutCounter) throw error;
    this.events.rateUnchecked(error);
    return { isAllowed: true };
  }
}
