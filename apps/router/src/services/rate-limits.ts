import type { TokenLimits } from '@aisbf/contracts';

export type RateDemand = Readonly<{
  apiTokenId: string;
  limits: TokenLimits;
  /** Known before the request runs; what it produces is counted when it has ended. */
  promptTokens: number;
}>;

export type RateVerdict =
  | Readonly<{ isAllowed: true }>
  | Readonly<{
      isAllowed: false;
      limit: 'requests_per_minute' | 'tokens_per_minute';
      retryAfterMs: number;
    }>;

/** What requests of one API token have produced. */
export type TokensSpent = Readonly<{
  apiTokenId: string;
  requests: readonly Readonly<{ requestId: string; tokens: number }>[];
}>;

/** How fast each API token may go, counted for all replicas together. No money depends on it. */
export abstract class RateLimits {
  /** Takes one request's share, or nothing. */
  abstract take(demand: RateDemand): Promise<RateVerdict>;
  /** Counts what each request has produced, once however often it is told. */
  abstract spend(spent: TokensSpent): Promise<void>;
}
