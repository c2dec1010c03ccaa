import { nanos, type Prices, type UnitKind, unitKinds } from '@aisbf/money';

/** As `pg` reads them. */
export type PriceColumns = Readonly<Record<`${UnitKind}_nanos`, string | null>>;

export function pricesOfRow(row: PriceColumns): Prices {
  const prices = unitKinds.flatMap((kind) => {
    const price = row[`${kind}_nanos`];
    return price === null ? [] : [[kind, nanos(BigInt(price))]];
  });
  return Object.fromEntries(prices);
}

/** As Prisma writes them. */
export function toPriceColumns(prices: Prices) {
  return {
    promptTokenNanos: prices.prompt_token ?? null,
    cachedPromptTokenNanos: prices.cached_prompt_token ?? null,
    completionTokenNanos: prices.completion_token ?? null,
    reasoningTokenNanos: prices.reasoning_token ?? null,
    imageNanos: prices.image ?? null,
    audioSecondNanos: prices.audio_second ?? null,
    videoSecondNanos: prices.video_second ?? null,
    requestNanos: prices.request ?? null,
  };
}
