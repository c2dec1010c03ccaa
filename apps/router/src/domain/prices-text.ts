import type { Prices as PricesText } from '@aisbf/contracts';
import { type Prices, parseNanos, unitKinds } from '@aisbf/money';

/** Prices as they travel: decimal strings. */
export function toPricesText(prices: Prices): PricesText {
  return Object.fromEntries(
    unitKinds.flatMap((kind) => {
      const price = prices[kind];
      return price === undefined ? [] : [[kind, price.toString()]];
    }),
  );
}

export function fromPricesText(text: PricesText): Prices {
  return Object.fromEntries(
    unitKinds.flatMap((kind) => {
      const price = text[kind];
      return price === undefined ? [] : [[kind, parseNanos(price)]];
    }),
  );
}
