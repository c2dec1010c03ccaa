import type { Candidate, Units } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { billedUnits } from './billed-units.js';
import type { Delivery } from './delivery.js';
import type { Work } from './work.js';

/** Who serves, and what of it has gone to the buyer. */
export type Delivered = Readonly<{
  candidate: Candidate;
  delivery: Delivery;
  outputTokensHeld: number | null;
}>;

/**
 * By the measure of the model that served. Money was held for the prompt by that of the route, which may not tell who
 * will serve; no more than that is billed.
 */
export function deliveredUnits(
  { candidate, delivery, outputTokensHeld }: Delivered,
  work: Work,
  promptTokensMost: number,
): Units {
  return billedUnits({
    promptTokens: Math.min(work.prompt.tokensFor(familyOf(candidate.model)), promptTokensMost),
    completionTokens: delivery.completionTokens,
    reasoningTokens: delivery.reasoningTokens,
    reported: delivery.usage,
    isReasoningPriced: candidate.isReasoningPriced ?? false,
    outputTokensHeld,
    output: work.request.output,
    media: delivery.media,
    given: work.given,
  });
}
