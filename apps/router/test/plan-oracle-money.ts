import type { RequestFacts } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { PlanSettings } from '../src/domain/plan.js';

type Limits = NonNullable<RequestFacts['pricesMax']>;
const perPiece = ['image', 'audio_second', 'video_second', 'request'] as const;

/** Tokens may turn out to be cached, or thought: each counts at the dearer of its two prices. */
function dearestToken(prices: Prices) {
  const prompt = prices.prompt_token ?? 0n;
  const completion = prices.completion_token ?? 0n;
  const cached = prices.cached_prompt_token ?? prompt;
  const thought = prices.reasoning_token ?? completion;
  return {
    prompt: cached > prompt ? cached : prompt,
    completion: thought > completion ? thought : completion,
  };
}

/** Whether any kind of unit is dearer than the buyer takes. */
export function isAbovePrices(prices: Prices, most: Limits): boolean {
  const { prompt, completion } = dearestToken(prices);
  const asked: readonly (readonly [bigint, string | undefined])[] = [
    [prompt, most.prompt_token],
    [completion, most.completion_token],
    // What has no price of its own is charged as the kind that it is one of.
    [prices.cached_prompt_token ?? prices.prompt_token ?? 0n, most.cached_prompt_token],
    [prices.reasoning_token ?? prices.completion_token ?? 0n, most.reasoning_token],
    ...perPiece.map((kind) => [prices[kind] ?? 0n, most[kind]] as const),
  ];
  return asked.some(([price, limit]) => limit !== undefined && price > BigInt(limit));
}

/** Prices of tokens are per million; parts of a nano-dollar are rounded up, once. */
function roundedUp(millionths: bigint): bigint {
  const whole = millionths / 1_000_000n;
  return whole * 1_000_000n === millionths ? whole : whole + 1n;
}

/** What is used whatever the answer is: the prompt, and pieces that are asked for or came along. */
type Given = Pick<RequestFacts, 'promptTokens' | 'units'>;

/** Of pieces each costs its price. */
function costOfPieces(prices: Prices, { units = {} }: Given): bigint {
  let sum = prices.request ?? 0n;
  for (const kind of perPiece) {
    if (kind !== 'request') sum += BigInt(units[kind] ?? 0) * (prices[kind] ?? 0n);
  }
  return sum;
}

/** What a request costs at most with so much output. */
export function costAtMost(prices: Prices, given: Given, outputTokens: number): bigint {
  const { prompt, completion } = dearestToken(prices);
  return roundedUp(
    BigInt(given.promptTokens) * prompt +
      BigInt(outputTokens) * completion +
      1_000_000n * costOfPieces(prices, given),
  );
}

/** What it costs to hear the first word. */
export function startCost(prices: Prices, given: Given): bigint {
  return costAtMost(prices, given, 1);
}

/** What it is expected to cost: nothing of it cached or thought. */
export function plainCost(prices: Prices, given: Given, outputTokens: number): bigint {
  return roundedUp(
    BigInt(given.promptTokens) * (prices.prompt_token ?? 0n) +
      BigInt(outputTokens) * (prices.completion_token ?? 0n) +
      1_000_000n * costOfPieces(prices, given),
  );
}

/** How much output is paid for in advance: a small limit as it is, else what is usual, never more than is asked for. */
export function outputHeld(
  { outputTokensMax: asked, choices, isStream }: RequestFacts,
  settings: PlanSettings,
  usual: number | undefined,
): number {
  const { outputTokensSmall, outputTokensDefault, outputTokensMax } = settings;
  const each = asked === null || asked > outputTokensMax ? outputTokensMax : asked;
  if (asked !== null && asked <= outputTokensSmall) return each * choices;
  let expected = outputTokensDefault * choices;
  // An answer that comes whole cannot get more while it runs: twice the usual, and never next to nothing.
  if (usual !== undefined) expected = Math.max(128, isStream ? usual : 2 * usual);
  return expected < each * choices ? expected : each * choices;
}
