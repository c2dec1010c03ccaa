/** What the seller wants to know of his worker at a glance. */
export type Status = Readonly<{
  market: MarketStatus;
  upstream: UpstreamStatus;
  requests: RequestStatus;
}>;

/**
 * Where the worker stands with the market.
 *
 * - `connecting`: a connection is being opened, or not accepted yet
 * - `connected`: on the market
 * - `waiting`: the last attempt has ended, the next one comes by itself
 * - `leaving`: told to stop; finishing what runs
 */
export type MarketStatus = Readonly<{
  state: 'connecting' | 'connected' | 'waiting' | 'leaving';
  url: string;
  session: string | undefined;
  sinceMs: number;
  /** When it is tried again, while `waiting`. */
  retryAtMs: number | undefined;
  reason: string | undefined;
  next: string | undefined;
}>;

export type UpstreamStatus = Readonly<{
  url: string;
  health: 'unknown' | 'up' | 'down';
  models: readonly string[];
  reason: string | undefined;
  next: string | undefined;
}>;

export type RequestStatus = Readonly<{
  running: number;
  placesMax: number;
  served: number;
  failed: number;
  cancelled: number;
  tokens: number;
  tokensPerSecond: number;
}>;

export type RequestOutcome = 'served' | 'failed' | 'cancelled';

/** Speed is what has come in the last so many seconds: long enough not to flicker. */
const speedSeconds = 10;

/** Keeps the status. Whoever learns something writes it here, and whoever shows it reads it. */
export class StatusBoard {
  #market: MarketStatus;
  #upstream: UpstreamStatus;
  #counts = { running: 0, served: 0, failed: 0, cancelled: 0, tokens: 0 };
  readonly #placesMax: number;
  readonly #tokensBySecond = new Map<number, number>();
  #onChange: (() => void) | undefined;

  constructor(start: Readonly<{ marketUrl: string; upstreamUrl: string; placesMax: number }>) {
    const unknown = { reason: undefined, next: undefined };
    this.#market = {
      ...unknown,
      state: 'connecting',
      url: start.marketUrl,
      session: undefined,
      sinceMs: Date.now(),
      retryAtMs: undefined,
    };
    this.#upstream = { ...unknown, url: start.upstreamUrl, health: 'unknown', models: [] };
    this.#placesMax = start.placesMax;
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  at(nowMs: number): Status {
    const speed = { tokensPerSecond: this.#tokensPerSecond(nowMs), placesMax: this.#placesMax };
    const requests = { ...this.#counts, ...speed };
    return { market: this.#market, upstream: this.#upstream, requests };
  }

  readonly showMarket = (news: Partial<MarketStatus>): void => {
    this.#market = { ...this.#market, ...news };
    this.#onChange?.();
  };

  readonly showUpstream = (news: Partial<UpstreamStatus>): void => {
    this.#upstream = { ...this.#upstream, ...news };
    this.#onChange?.();
  };

  requestBegun(): void {
    this.#counts.running += 1;
    this.#onChange?.();
  }

  requestEnded(outcome: RequestOutcome): void {
    this.#counts.running -= 1;
    this.#counts[outcome] += 1;
    this.#onChange?.();
  }

  /** May be negative, where an estimate was too high. Seen at the next look, for they are many. */
  tokensCame(count: number, nowMs: number): void {
    this.#counts.tokens += count;
    const second = Math.floor(nowMs / 1000);
    this.#tokensBySecond.set(second, (this.#tokensBySecond.get(second) ?? 0) + count);
    for (const old of this.#tokensBySecond.keys()) {
      if (old > second - speedSeconds) break;
      this.#tokensBySecond.delete(old);
    }
  }

  #tokensPerSecond(nowMs: number): number {
    const oldest = Math.floor(nowMs / 1000) - speedSeconds;
    let sum = 0;
    for (const [second, count] of this.#tokensBySecond) if (second > oldest) sum += count;
    return Math.max(0, sum / speedSeconds);
  }
}
