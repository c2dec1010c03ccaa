import type { RequestFacts } from '@aisbf/contracts';
import { parseUsd } from '@aisbf/money';
import { isObject, type RequestProblem } from '@aisbf/openai';

/** What the buyer wants to pay at most, and the members of its body that only the market understands. */
export type PriceLimits = Readonly<{
  facts: Pick<RequestFacts, 'pricesMax' | 'costMax'>;
  ownMembers: ReadonlySet<string>;
}>;

type Body = Readonly<Record<string, unknown>>;

/** OpenRouter's names for what is priced; tokens per million, in US dollars. */
const kinds = {
  prompt: 'prompt_token',
  completion: 'completion_token',
  request: 'request',
  image: 'image',
} as const;

/** Reads `provider.max_price` and `max_cost`. Amounts are exact: no float is made of them. */
export function readPriceLimits(body: Body): PriceLimits | RequestProblem {
  const costMax = readCost(body.max_cost);
  if (costMax === 'invalid') {
    return problem('max_cost', 'a number of US dollars, or whole nano-dollars in a string');
  }
  const maxPrice = isObject(body.provider) ? (body.provider.max_price ?? undefined) : undefined;
  const pricesMax = maxPrice === undefined ? {} : readPrices(maxPrice);
  if (pricesMax === 'invalid') {
    return problem(
      'provider.max_price',
      'amounts of US dollars: `prompt`, `completion`, `request`, `image`',
    );
  }
  const ownMembers = new Set<string>();
  if ('max_cost' in body) ownMembers.add('max_cost');
  if (maxPrice !== undefined) ownMembers.add('provider');
  return {
    facts: {
      ...(Object.keys(pricesMax).length > 0 && { pricesMax }),
      ...(costMax !== undefined && { costMax }),
    },
    ownMembers,
  };
}

function readCost(value: unknown): string | 'invalid' | undefined {
  if (value === undefined || value === null) return undefined;
  // As everywhere in the market, an amount in a string is in nano-dollars.
  if (typeof value === 'string') return /^\d{1,18}$/.test(value) ? value : 'invalid';
  return typeof value === 'number' ? (parseUsd(String(value))?.toString() ?? 'invalid') : 'invalid';
}

function readPrices(value: unknown): NonNullable<RequestFacts['pricesMax']> | 'invalid' {
  if (!isObject(value)) return 'invalid';
  const prices: Record<string, string> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const given = value[name] ?? undefined;
    if (given === undefined) continue;
    const isAmount = typeof given === 'number' || typeof given === 'string';
    const price = isAmount ? parseUsd(String(given)) : undefined;
    if (price === undefined) return 'invalid';
    prices[kind] = price.toString();
  }
  return prices;
}

function problem(param: string, what: string): RequestProblem {
  return { code: 'invalid_type', message: `'${param}' must be ${what}.`, param };
}
