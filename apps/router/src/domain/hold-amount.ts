import type { RequestFacts } from '@aisbf/contracts';
import {
  costOf,
  countWithin,
  dearestPrices,
  type Nanos,
  type Prices,
  zeroNanos,
} from '@aisbf/money';

export type HoldSettings = Readonly<{
  /** The output that is paid for in advance where the body names no limit. */
  outputTokensDefault: number;
  /** The most that is paid for in advance, whatever the body names. */
  outputTokensMax: number;
}>;

type Sizes = Pick<RequestFacts, 'promptTokens' | 'outputTokensMax' | 'choices'>;

/** The output that a request is allowed to hold money for, over all its choices. */
export function outputTokensCeiling(facts: Sizes, settings: HoldSettings): number {
  const each = Math.min(
    facts.outputTokensMax ?? settings.outputTokensDefault,
    settings.outputTokensMax,
  );
  return each * facts.choices;
}

/** What the dearest of these prices makes of a request, so that the hold covers whoever serves. */
export function holdAmountFor(
  prices: readonly Prices[],
  facts: Sizes,
  settings: HoldSettings,
): Nanos {
  const units = {
    prompt_token: facts.promptTokens,
    completion_token: outputTokensCeiling(facts, settings),
    request: 1,
  };
  return prices
    .map((each) => costOf(units, dearestPrices(each)))
    .reduce((most, cost) => (cost > most ? cost : most), zeroNanos);
}

/**
 * How many output tokens a hold pays for at these prices, after the prompt. Null where they cost nothing, so
 * that no number of them uses it up.
 */
export function outputTokensHeld(
  hold: Nanos,
  { promptTokens }: Pick<Sizes, 'promptTokens'>,
  prices: Prices,
): number | null {
  const before = { prompt_token: promptTokens, request: 1 };
  const tokens = countWithin(hold, 'completion_token', before, dearestPrices(prices));
  if (tokens === undefined) return null;
  return Number(tokens < countMax ? tokens : countMax);
}

/** The largest count that a message carries. */
const countMax = 1_000_000_000_000n;
