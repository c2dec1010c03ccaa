import { type Nanos, nanos, type Prices, type UnitKind, unitKinds } from '@aisbf/money';

/** As `pg` reads them. */
export type PriceColumns = Readonly<Record<`${UnitKind}_nanos`, string | null>>;

const columns = unitKinds.map((kind) => [kind, `${kind}_nanos`] as const);

export function pricesOfRow(row: PriceColumns): Prices {
  const prices: Partial<Record<UnitKind, Nanos>> = {};
  for (const [kind, column] of columns) {
    const price = row[column];
    if (price !== null) prices[kind] = nanos(BigInt(price));
  }
  return prices;
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
