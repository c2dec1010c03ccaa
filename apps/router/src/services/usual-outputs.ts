import type { Usage } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { RecentCounts } from '../domain/recent-counts.js';

export class UsualOutputSettings {
  constructor(
    /** Pairs of an API token and a model that are remembered. */
    readonly entriesMax: number,
    /** How many answers of each. */
    readonly answersMax: number,
    /** Fewer say nothing yet of what is usual. */
    readonly answersMin: number,
  ) {}
}

/** One in a hundred answers may be longer: it grows, or is cut in price. */
const usualShare = 0.99;

/**
 * How much the answers of each API token and model usually have, learned from what was settled. In memory: every
 * router hears of every settlement, and one that has just started assumes what the settings say.
 */
@Injectable()
export class UsualOutputs {
  private readonly recent = new Map<string, RecentCounts>();

  constructor(private readonly settings: UsualOutputSettings) {}

  learn({ apiTokenId, model, outcome, units }: Usage): void {
    // What broke off or was cut says nothing of how long an answer would have been.
    if (outcome !== 'completed' || model === null) return;
    const key = keyOf(apiTokenId, model);
    const counts = this.recent.get(key) ?? new RecentCounts(this.settings.answersMax);
    counts.add((units.completion_token ?? 0) + (units.reasoning_token ?? 0));
    // The one that was used last goes last.
    this.recent.delete(key);
    this.recent.set(key, counts);
    const [oldest] = this.recent.keys();
    if (this.recent.size > this.settings.entriesMax && oldest !== undefined) {
      this.recent.delete(oldest);
    }
  }

  /** Tokens of a whole answer; undefined where too little is known. */
  of(apiTokenId: string, model: string): number | undefined {
    const counts = this.recent.get(keyOf(apiTokenId, model));
    if (!counts || counts.size < this.settings.answersMin) return undefined;
    return counts.quantile(usualShare);
  }
}

function keyOf(apiTokenId: string, model: string): string {
  return `${apiTokenId} ${model}`;
}
