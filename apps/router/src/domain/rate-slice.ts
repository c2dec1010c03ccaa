import type { TokenLimits } from '@aisbf/contracts';

/** So much of both of a token's rates. */
export type RateShare = Readonly<{ requests: number; tokens: number }>;

const minuteMs = 60_000;
/** Below this many requests it is not worth having. */
const requestsMin = 4;

/** As much as rates like these allow in so long; undefined where they are too small to be parted. */
export function sliceSize(limits: TokenLimits, lifeMs: number): RateShare | undefined {
  const requests = Math.floor((limits.requestsPerMinuteMax * lifeMs) / minuteMs);
  const tokens = Math.floor((limits.tokensPerMinuteMax * lifeMs) / minuteMs);
  return requests >= requestsMin && tokens > 0 ? { requests, tokens } : undefined;
}

/** A part of an API token's rates that one router has set aside, and lets requests through by without asking. */
export class RateSlice {
  private requests = 0;
  private tokens = 0;

  constructor(
    readonly id: string,
    private readonly limits: TokenLimits,
    private readonly size: RateShare,
    private readonly endsAtMs: number,
  ) {}

  get used(): RateShare {
    return { requests: this.requests, tokens: this.tokens };
  }

  /** Takes a request out of it, or nothing. */
  take(limits: TokenLimits, tokens: number, nowMs: number): boolean {
    if (nowMs >= this.endsAtMs || !this.isOf(limits)) return false;
    if (this.requests + 1 > this.size.requests || this.tokens + tokens > this.size.tokens)
      return false;
    this.requests += 1;
    this.tokens += tokens;
    return true;
  }

  private isOf({ requestsPerMinuteMax, tokensPerMinuteMax }: TokenLimits): boolean {
    return (
      requestsPerMinuteMax === this.limits.requestsPerMinuteMax &&
      tokensPerMinuteMax === this.limits.tokensPerMinuteMax
    );
  }
}
