import { randomUUID } from 'node:crypto';
import type { Clock } from '@aisbf/platform';
import { type RateShare, RateSlice, sliceSize } from '../domain/rate-slice.js';
import { type RateDemand, RateLimits, type RateVerdict, type TokensSpent } from './rate-limits.js';

/** Beside the request itself. */
export type Ahead = Readonly<{
  /** To be set aside for requests to come, if there is ample room; whoever is not told by then what was used takes all for used. */
  wanted?: Readonly<{ id: string; size: RateShare; untoldMsMax: number }> | undefined;
  /** What was used of one that was set aside before: it is done with. */
  ended?: Readonly<{ id: string; used: RateShare }> | undefined;
}>;

export type CountedVerdict = RateVerdict & Readonly<{ isAheadGranted: boolean }>;

/** Where all replicas count. */
export abstract class RateCounter {
  abstract take(demand: RateDemand, ahead: Ahead): Promise<CountedVerdict>;
  abstract spend(spent: TokensSpent): Promise<void>;
}

export type SliceLimits = Readonly<{
  /** How long what was set aside may be used; 0: nothing is. */
  lifeMs: number;
  /** API tokens that are known at once. */
  apiTokensMax: number;
}>;

/** So long after it was asked for, in lives, the counter takes a slice for used up: long after it has ended here. */
const untoldLives = 2;
/** Whoever was asked about within so many lives is in steady use. */
const steadyLives = 1.5;

type Known = { slice: RateSlice | undefined; askedAtMs: number; isAsking: boolean };

/**
 * Spares the counter most of its calls: for an API token in steady use a slice of its rates is set aside, and used here. Nobody
 * gets through who would not have otherwise, since the counter lets nobody else have it. Where the bucket is more than half
 * full, or the rates are small, each request is asked for by itself.
 */
export class SlicedRateLimits extends RateLimits {
  /** The one that was asked about longest ago comes first. */
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly counter: RateCounter,
    private readonly clock: Clock,
    private readonly limits: SliceLimits,
  ) {
    super();
  }

  async take(demand: RateDemand): Promise<RateVerdict> {
    const nowMs = this.clock.nowMs();
    const known = this.known.get(demand.apiTokenId);
    if (known?.slice?.take(demand.limits, demand.promptTokens, nowMs)) return { isAllowed: true };
    if (known?.isAsking || this.limits.lifeMs === 0) return this.counter.take(demand, {});
    return this.ask(demand, nowMs, known);
  }

  spend(spent: TokensSpent): Promise<void> {
    return this.counter.spend(spent);
  }

  /** One at a time asks for a slice, and tells of the one before it. */
  private async ask(
    demand: RateDemand,
    nowMs: number,
    before: Known | undefined,
  ): Promise<RateVerdict> {
    const { lifeMs } = this.limits;
    const { limits } = demand;
    const isSteady = before !== undefined && nowMs - before.askedAtMs <= lifeMs * steadyLives;
    const size = isSteady ? sliceSize(limits, lifeMs) : undefined;
    const wanted = size && { id: randomUUID(), size, untoldMsMax: lifeMs * untoldLives };
    const ended = before?.slice && { id: before.slice.id, used: before.slice.used };
    const state = this.remember(demand.apiTokenId, nowMs);
    try {
      const verdict = await this.counter.take(demand, { wanted, ended });
      if (wanted && verdict.isAheadGranted)
        state.slice = new RateSlice(wanted.id, limits, wanted.size, nowMs + lifeMs);
      return verdict;
    } finally {
      state.isAsking = false;
    }
  }

  private remember(apiTokenId: string, nowMs: number): Known {
    const state: Known = { slice: undefined, askedAtMs: nowMs, isAsking: true };
    this.known.delete(apiTokenId);
    const [oldest] = this.known.size >= this.limits.apiTokensMax ? this.known.keys() : [];
    if (oldest !== undefined) this.known.delete(oldest);
    this.known.set(apiTokenId, state);
    return state;
  }
}
