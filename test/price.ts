import type { Units } from '@aisbf/contracts';
import type { TokenPrices } from '@aisbf/one-machine';

/** Uneven, so that costs have to be rounded. Nano-dollars per million tokens. */
export const unevenPrices: TokenPrices = { prompt: 150_333_333n, completion: 600_777_777n };

/** What is priced by the piece. */
const pieces = ['image', 'audio_second', 'video_second', 'request'] as const;

/** What a request must cost: the whole of it rounded up once. Thoughts have no price of their own here. */
export function costOf(units: Units, prices: TokenPrices = unevenPrices): bigint {
  const exact =
    BigInt(units.prompt_token ?? 0) * prices.prompt +
    BigInt((units.completion_token ?? 0) + (units.reasoning_token ?? 0)) * prices.completion +
    pieces.reduce(
      (sum, kind) => sum + BigInt(units[kind] ?? 0) * BigInt(prices.others?.[kind] ?? 0),
      0n,
    ) *
      1_000_000n;
  return (exact + 999_999n) / 1_000_000n;
}
