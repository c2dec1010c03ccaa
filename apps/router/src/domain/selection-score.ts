import type { AutoselectWeights, CandidateFacts, ScoredCandidate } from '@aisbf/contracts';

type Parts = ScoredCandidate['parts'];

/** What nobody has measured is taken for middling: neither last for ever, nor first for nothing. */
const unmeasured = 0.5;
/** Scores closer than this are equal: their difference is that of the order of additions. */
const scoreSteps = 1_000_000;

/** What is free is twice as good as the cheapest that is not; beside it the others still differ. */
const paidShare = 0.5;

/** The best that any of them has; each is measured by it. */
type Best = Readonly<{
  /** Of those that are paid for. */
  cost: number;
  hasFree: boolean;
  firstMs: number;
  tokensPerSecond: number;
}>;

/**
 * Puts candidates in the order of their scores, those with equal ones together. Every part lies between 0 and
 * 1: what is best among these candidates has 1, and half as good is a half.
 */
export function ranking(
  candidates: readonly CandidateFacts[],
  weights: AutoselectWeights,
): ScoredCandidate[][] {
  const best = bestOf(candidates);
  const scored = candidates.map((candidate) => {
    const parts = partsOf(candidate, best);
    return { name: candidate.name, score: scoreOf(parts, weights), parts };
  });
  const groups = [...Map.groupBy(scored, ({ score }) => score)];
  return groups.sort(([left], [right]) => right - left).map(([, equals]) => equals);
}

function bestOf(candidates: readonly CandidateFacts[]): Best {
  const costs = candidates.map(({ expectedCost }) => Number(expectedCost));
  const least = (values: readonly number[]) => Math.min(...values, Number.POSITIVE_INFINITY);
  return {
    cost: least(costs.filter((cost) => cost > 0)),
    hasFree: costs.includes(0),
    firstMs: least(candidates.flatMap(({ firstMs }) => firstMs ?? [])),
    tokensPerSecond: Math.max(
      0,
      ...candidates.flatMap(({ tokensPerSecond }) => tokensPerSecond ?? []),
    ),
  };
}

function partsOf(candidate: CandidateFacts, best: Best): Parts {
  const { expectedCost, firstMs, tokensPerSecond, room, successRate, isCooling, tier } = candidate;
  return {
    price: priceOf(Number(expectedCost), best),
    speed: tokensPerSecond === null ? unmeasured : ratio(tokensPerSecond, best.tokensPerSecond),
    firstToken: firstMs === null ? unmeasured : ratio(best.firstMs, firstMs),
    load: room ?? unmeasured,
    success: isCooling ? 0 : (successRate ?? 1),
    quality: tier / 100,
  };
}

function priceOf(cost: number, { cost: least, hasFree }: Best): number {
  return cost === 0 ? 1 : ratio(least, cost) * (hasFree ? paidShare : 1);
}

/** Of the smaller to the larger; nothing and nothing are equal. */
function ratio(smaller: number, larger: number): number {
  return larger <= 0 ? 1 : Math.min(1, smaller / larger);
}

function scoreOf(parts: Parts, weights: AutoselectWeights): number {
  let [sum, total] = [0, 0];
  for (const name of Object.keys(parts) as (keyof Parts)[]) {
    sum += parts[name] * weights[name];
    total += weights[name];
  }
  // Without weights all are equal, and the lot decides.
  return total === 0 ? 0 : Math.round((sum / total) * scoreSteps) / scoreSteps;
}
