import type { RequestFacts } from '@aisbf/contracts';
import {
  type Counts,
  costOfCounts,
  countsOf,
  countWithin,
  dearestPrices,
  type Nanos,
  type Prices,
  type Units,
  zeroNanos,
} from '@aisbf/money';

export type HoldSettings = Readonly<{
  /** The output that is paid for in advance while it is not known what is usual. */
  outputTokensDefault: number;
  /** A limit in the body up to this is paid for in advance as it is. */
  outputTokensSmall: number;
  /** The most that is paid for in advance, whatever is asked for and usual. */
  outputTokensMax: number;
}>;

type Sizes = Pick<
  RequestFacts,
  'promptTokens' | 'outputTokensMax' | 'choices' | 'isStream' | 'units'
>;
/** What is used whatever the answer is. */
type Given = Pick<Sizes, 'promptTokens' | 'units'>;

/** A hold for less would have to grow with nearly every answer. */
const usualTokensMin = 128;
/** The hold of an answer that comes whole cannot grow, so that it covers twice the usual. */
const wholeAnswerFactor = 2;

/**
 * The output that money is held for, over all choices. Clients name large limits that they never reach: what is paid
 * for in advance is what their requests usually take (`usual`), and a stream that needs more gets it while it runs.
 */
export function outputTokensCeiling(
  facts: Omit<Sizes, keyof Given>,
  settings: HoldSettings,
  usual?: number,
): number {
  const { outputTokensMax: asked, choices } = facts;
  const most = Math.min(asked ?? settings.outputTokensMax, settings.outputTokensMax) * choices;
  if (asked !== null && asked <= settings.outputTokensSmall) return most;
  if (usual === undefined) return Math.min(most, settings.outputTokensDefault * choices);
  const expected = usual * (facts.isStream ? 1 : wholeAnswerFactor);
  return Math.min(most, Math.max(expected, usualTokensMin));
}

/** What the dearest of these prices makes of a request, so that the hold covers whoever serves. */
export function holdAmountFor(
  prices: readonly Prices[],
  given: Given,
  outputTokens: number,
): Nanos {
  const counts = heldCounts(given, outputTokens);
  return prices
    .map((each) => costOfCounts(counts, dearestPrices(each)))
    .reduce((most, cost) => (cost > most ? cost : most), zeroNanos);
}

/** What money is held for. */
export function heldCounts(given: Given, outputTokens: number): Counts {
  return countsOf({ ...unitsBefore(given), completion_token: outputTokens });
}

/**
 * How many output tokens an amount pays for at these prices, after the prompt. Null where they cost nothing, so
 * that no number of them uses it up.
 */
export function outputTokensHeld(hold: Nanos, given: Given, prices: Prices): number | null {
  const tokens = countWithin(hold, 'completion_token', unitsBefore(given), dearestPrices(prices));
  if (tokens === undefined) return null;
  return Number(tokens < countMax ? tokens : countMax);
}

/** All that a request uses besides its output tokens. */
export function unitsBefore({ promptTokens, units }: Given): Units {
  return { ...units, prompt_token: promptTokens, request: 1 };
}

/** The largest count that a message carries. */
const countMax = 1_000_000_000_000n;
