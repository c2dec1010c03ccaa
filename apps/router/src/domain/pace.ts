/** How fast a provider's model was of late; null where nobody has measured it. */
export type Pace = Readonly<{
  firstMs: PaceFigures | null;
  tokensPerS: PaceFigures | null;
}>;

/** Percentile p: p of a hundred requests were at least as good. Of speeds, p99 is slower than p50. */
export type PaceFigures = Readonly<{ p50: number; p75: number; p90: number; p99: number }>;

export const unknownPace: Pace = { firstMs: null, tokensPerS: null };

/** What one answer says of the pace; null where it says nothing. */
export type PaceSample = Readonly<{ firstMs: number | null; tokensPerS: number | null }>;

/** Less than this is one write of a machine, and says nothing of how fast it goes on. */
const streamMsMin = 100;
const streamTokensMin = 8;

/**
 * What a stream has shown. An answer that comes whole shows nothing: its first byte is there when all of it is, and how
 * long that takes is the length of the answer.
 */
export function paceSample({
  firstByteMs,
  outputTokens,
  streamMs,
}: Readonly<{
  firstByteMs: number | null;
  outputTokens?: number | null | undefined;
  streamMs?: number | null | undefined;
}>): PaceSample {
  if (streamMs == null) return { firstMs: null, tokensPerS: null };
  const isTelling =
    outputTokens != null && outputTokens >= streamTokensMin && streamMs >= streamMsMin;
  return {
    firstMs: firstByteMs,
    tokensPerS: isTelling ? (outputTokens * 1_000) / streamMs : null,
  };
}
