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
  const costs = candidates.map(({ expectedCost }) => Number(expectedCost));
  const best = bestOf(candidates, costs);
  const scoreOf = scoreBy(weights);
  const scored = candidates.map((candidate, at) => {
    const parts = partsOf(candidate, priceOf(costs[at] ?? 0, best), best);
    return { name: candidate.name, score: scoreOf(parts), parts };
  });
  return grouped(scored.sort((left, right) => right.score - left.score));
}

/** Of those that are in order. */
function grouped(ordered: readonly ScoredCandidate[]): ScoredCandidate[][] {
  const groups: ScoredCandidate[][] = [];
  let equals: ScoredCandidate[] = [];
  for (const one of ordered) {
    if (equals[0]?.score === one.score) equals.push(one);
    else {
      equals = [one];
      groups.push(equals);
    }
  }
  return groups;
}

function bestOf(candidates: readonly CandidateFacts[], costs: readonly number[]): Best {
  let [cost, firstMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let tokensPerSecond = 0;
  for (const candidate of candidates) {
    firstMs = Math.min(firstMs, candidate.firstMs ?? firstMs);
    tokensPerSecond = Math.max(tokensPerSecond, candidate.tokensPerSecond ?? 0);
  }
  for (const one of costs) if (one > 0) cost = Math.min(cost, one);
  return { cost, hasFree: costs.includes(0), firstMs, tokensPerSecond };
}

function partsOf(candidate: CandidateFacts, price: number, best: Best): Parts {
  const { firstMs, tokensPerSecond, room, successRate, isCooling, tier } = candidate;
  return {
    price,
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

const partNames = ['price', 'speed', 'firstToken', 'load', 'success', 'quality'] as const;

function scoreBy(weights: AutoselectWeights): (parts: Parts) => number {
  const total = partNames.reduce((sum, name) => sum + weights[name], 0);
  // Without weights all are equal, and the lot decides.
  if (total === 0) return () => 0;
  return (parts) => {
    let sum = 0;
    for (const name of partNames) sum += parts[name] * weights[name];
    return Math.round((sum / total) * scoreSteps) / scoreSteps;
  };
}
