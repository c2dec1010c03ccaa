import type { Prices as PricesText } from '@aisbf/contracts';
import { type Prices, parseNanos, unitKinds } from '@aisbf/money';

/** A listing's prices are the same object as long as its catalogue is served, and are told again and again. */
const texts = new WeakMap<Prices, PricesText>();

/** Prices as they travel: decimal strings. */
export function toPricesText(prices: Prices): PricesText {
  const known = texts.get(prices);
  if (known) return known;
  const text = asText(prices);
  texts.set(prices, text);
  return text;
}

function asText(prices: Prices): PricesText {
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
