import type { Units } from '@aisbf/contracts';
import type { MediaOutput, Usage } from '@aisbf/openai';

/** All that a bill is made from: our own counts, and what of the seller's words may count besides. */
export type Metered = Readonly<{
  promptTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  reported: Usage | null;
  /** Whether thinking that nobody sees is on sale here at all. */
  isReasoningPriced: boolean;
  /** How many output tokens the hold pays for; null where they are free. */
  outputTokensHeld: number | null;
  /** What was asked for besides words, and how much of it was delivered. */
  output: MediaOutput | undefined;
  media: number;
  /** What was known before it was served. */
  given: Units;
}>;

/**
 * What was used, by our own counts. The seller's word decides in two places only, and both are bounded by what we
 * know: how much of our prompt was cached, and how much was thought out of sight, where the listing has a price for
 * that, as far as it is paid for.
 */
export function billedUnits(metered: Metered): Units {
  const { promptTokens, completionTokens, reported, given } = metered;
  const cached = Math.min(reported?.cachedPromptTokens ?? 0, promptTokens);
  const reasoning = metered.reasoningTokens + hiddenReasoning(metered);
  return {
    ...given,
    prompt_token: promptTokens - cached,
    ...(cached > 0 && { cached_prompt_token: cached }),
    completion_token: completionTokens,
    ...mediaUnits(metered),
    ...(reasoning > 0 && { reasoning_token: reasoning }),
  };
}

/** No more than money was held for. */
function mediaUnits({ output, media }: Metered): Units {
  if (!output || media === 0) return {};
  return { [output.kind]: Math.min(media * output.each, output.max) };
}

function hiddenReasoning(metered: Metered): number {
  const { completionTokens, reasoningTokens, outputTokensHeld, reported } = metered;
  if (!metered.isReasoningPriced || reasoningTokens > 0 || outputTokensHeld === null) return 0;
  const room = Math.max(0, outputTokensHeld - completionTokens);
  return Math.min(reported?.reasoningTokens ?? 0, room);
}
